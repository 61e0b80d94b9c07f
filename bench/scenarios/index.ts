import type { Scenario } from '../lib/scenario.ts'
import { scenario as sync } from './a-sync.ts'
import { scenario as asyncio } from './asyncio.ts'
import { scenario as oneAtATime } from './b-one-at-a-time.ts'
import { scenario as twentyCallers } from './c-20-callers.ts'
import { scenario as callback } from './callback.ts'
import { scenario as cpu } from './d-cpu.ts'
import { scenario as arrayIn } from './e-array-in.ts'
import { scenario as eventLoop } from './event-loop.ts'
import { scenario as exception } from './exception.ts'
import { scenario as arrayOut } from './f-array-out.ts'
import { scenario as generator } from './generator.ts'
import { scenario as latency } from './latency.ts'
import { scenario as map } from './map.ts'
import { scenario as memory } from './memory.ts'
import { scenario as queue } from './queue.ts'
import { scenario as results } from './results.ts'
import { scenario as scalingCallers } from './scaling-callers.ts'
import { scenario as scalingWorkers } from './scaling-workers.ts'
import { scenario as seed } from './seed.ts'
import { scenario as start } from './start.ts'

/** In the order of the report. */
export const SCENARIOS: readonly Scenario[] = [
  sync,
  oneAtATime,
  twentyCallers,
  cpu,
  latency,
  scalingWorkers,
  scalingCallers,
  arrayIn,
  arrayOut,
  results,
  map,
  start,
  memory,
  queue,
  eventLoop,
  callback,
  generator,
  exception,
  asyncio,
  seed,
]

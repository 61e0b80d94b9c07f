// Question: for how long does the event loop not come round while 100,000 calls wait, and when all
// their results arrive? Isolates: `results`: both workers are held until 100,000 calls wait, then
// all of them get their results. The longest turn of the event loop, by the clock, by the processor
// time of this thread, and by the latter in turns without garbage collection. `timer`: how late a
// timer of 5 ms is while both workers compute and as many calls wait. `idle` and `beside processes`
// are the machine's: turns of a loop without calls, and the timer beside two plain processes that
// compute. Trust: processor time, as the clock has what else the machine does; p99 of the timer
// against `beside processes` of the same round.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { type Engine, NotOffered, offered } from '../lib/engine.ts'
import { type LongestTurns, LoopTurns } from '../lib/loop-turns.ts'
import { check, lateness } from '../lib/measure.ts'
import { plainProcesses } from '../lib/plain-python.ts'
import { type Cell, type Scenario, sized } from '../lib/scenario.ts'

const WORKERS = 2
const WAITING = 100_000
const WARM_UP = 1_000
/** Calls that are made in one turn of the event loop. */
const AT_ONCE = 100
/** About half a millisecond of pure Python. */
const BUSY_SIZE = 20_000
/** A timer of 5 ms has to be late often enough for a p99. */
const TIMER_TIMES = 5

export const scenario: Scenario = {
  name: 'event-loop',
  question: 'the event loop while 100,000 calls wait',
  metrics: {
    'results, wall': { unit: 'ms', better: 'less' },
    'results, CPU': { unit: 'ms', better: 'less' },
    'results, CPU without GC': { unit: 'ms', better: 'less' },
    'idle, wall': { unit: 'ms', better: 'less', machine: true },
    'timer, p99': { unit: 'ms', better: 'less' },
    'timer, max': { unit: 'ms', better: 'less' },
    'beside processes, p99': { unit: 'ms', better: 'less', machine: true },
    'beside processes, max': { unit: 'ms', better: 'less', machine: true },
  },
  rounds: 3,
  peerRounds: 1,
  timeoutMs: 180_000,
  async run(cell: Cell) {
    if (cell.maxWorkers < WORKERS)
      throw new NotOffered('one worker: it cannot be held while calls wait')
    const waiting = sized(cell, WAITING)
    const ms = cell.ms * TIMER_TIMES
    const idle = await idleTurns(cell.ms)
    const beside = await lateness(() => plainProcesses(cell.python, WORKERS, ms))
    const engine = await cell.open(WORKERS)
    const results = await turnsOfResults(engine, waiting)
    // the process ends before most of these calls have run
    const timer = await latenessWhileCallsWait(engine, waiting, ms)
    return {
      'results, wall': results.wall,
      'results, CPU': results.cpu,
      'results, CPU without GC': results.cpuWithoutGc,
      'idle, wall': idle.wall,
      'timer, p99': timer.p99,
      'timer, max': timer.max,
      'beside processes, p99': beside.p99,
      'beside processes, max': beside.max,
    }
  },
}

async function idleTurns(ms: number): Promise<LongestTurns> {
  const turns = new LoopTurns()
  await sleep(ms)
  return await turns.stop()
}

async function turnsOfResults(engine: Engine, count: number): Promise<LongestTurns> {
  const dumps = offered(engine, engine.call, 'asynchronous calls')('dumps')
  const hold = offered(engine, engine.call, 'asynchronous calls')('hold')
  const folder = mkdtempSync(join(tmpdir(), 'pythreads-bench-'))
  try {
    const gate = join(folder, 'open')
    for (let id = 0; id < WARM_UP; id++) check(await dumps({ id }), id)
    const held = Array.from({ length: WORKERS }, () => hold(gate))
    const turns = new LoopTurns()
    const calls = await made(count, (id) => dumps({ id }))
    writeFileSync(gate, '')
    const results = await Promise.all(calls)
    const longest = await turns.stop()
    for (const [id, result] of results.entries()) check(result, id)
    await Promise.all(held)
    return longest
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function latenessWhileCallsWait(engine: Engine, count: number, ms: number) {
  const busy = offered(engine, engine.call, 'asynchronous calls')('busy')
  await made(count, () => busy(BUSY_SIZE))
  return await lateness(() => sleep(ms))
}

/** Calls that are made without waiting for any result. */
async function made(
  count: number,
  call: (id: number) => Promise<unknown>,
): Promise<Promise<unknown>[]> {
  const calls: Promise<unknown>[] = []
  for (let id = 0; id < count; id++) {
    calls.push(call(id))
    if (id % AT_ONCE === AT_ONCE - 1) await turn()
  }
  return calls
}

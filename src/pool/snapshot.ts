import { memoryStats } from '../memory/index.ts'
import { residentMb } from '../platform/index.ts'
import type { ExportedValues, ReferenceCounts } from '../references/index.ts'
import type { Dispatcher } from '../scheduler/index.ts'
import type { Worker, WorkerSupervisor } from '../worker/index.ts'
import type { GilMonitor } from './gil-monitor.ts'
import type { Members } from './members.ts'
import type { RunningCalls } from './running-calls.ts'
import type { PoolStats, WorkerStats } from './stats.ts'
import type { WorkerEnds } from './worker-ends.ts'

interface Parts {
  readonly dispatcher: Dispatcher<Worker>
  readonly ends: WorkerEnds
  readonly exported: ExportedValues
  readonly gilMonitor: GilMonitor
  readonly members: Members
  readonly running: RunningCalls
  /** In a shared interpreter, what all workers hold together. */
  readonly shared: ReferenceCounts | undefined
  readonly supervisor: WorkerSupervisor<Worker>
}

const NOTHING_DONE = {
  calls: 0,
  errors: 0,
  busyMs: 0,
  cpuMs: 0,
  ageMs: 0,
  utilisation: 0,
  memoryMb: null,
}

/** What a pool has done so far. */
export function statsOf(parts: Parts): PoolStats {
  const { dispatcher, ends, exported, gilMonitor, members, running, shared, supervisor } = parts
  const workers = [...members.all, ...supervisor.retired]
  const { max } = supervisor.size
  const all = Array.from({ length: Math.max(max, dispatcher.workers.length) }, (_, index) =>
    workerStatsOf(parts, index),
  )
  return {
    workers: all.filter((worker) => worker.worker < max || worker.state !== 'stopped'),
    queued: dispatcher.queued,
    running: running.size,
    calls: ends.calls + sum(workers, (worker) => worker.calls),
    errors: ends.errors + sum(workers, (worker) => worker.errors),
    replaced: supervisor.replaced,
    recycled: supervisor.recycled,
    wedged: supervisor.wedged,
    objects: shared?.objects ?? sum(workers, (worker) => worker.counts.objects),
    callbacks: exported.size,
    memory: memoryStats(),
    queueTimes: running.queueTimes.summary,
    runTimes: running.runTimes.summary,
    gil: gilMonitor.stats,
  }
}

function workerStatsOf({ members, supervisor }: Parts, index: number): WorkerStats {
  const worker = members.at(index)
  if (worker === undefined) {
    const state = supervisor.isDown(index) ? 'down' : 'stopped'
    return { worker: index, state, pid: undefined, ...NOTHING_DONE }
  }
  const { pid, calls, errors, times, ageMs, utilisation } = worker
  const memoryMb = pid === undefined || pid === process.pid ? null : residentMb(pid)
  const did = { calls, errors, ...times, ageMs, utilisation, memoryMb }
  return { worker: index, state: stateOf(worker), pid, ...did }
}

function stateOf({ life, idle }: Worker): WorkerStats['state'] {
  if (life.isWedged) return 'wedged'
  if (!life.hasServed) return 'starting'
  return idle ? 'idle' : 'busy'
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0)
}

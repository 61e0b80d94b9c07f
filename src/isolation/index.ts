import type { PythonFacts } from '../discovery/index.ts'
import { PythreadsError } from '../errors/index.ts'
import { gate, type IsolationKind } from './gates.ts'
import { InProcessIsolation } from './in-process.ts'
import type { Isolation, WorkerSettings } from './isolation.ts'
import { type ChildOptions, ProcessIsolation } from './process.ts'

export { type Choice, choose, type ModuleTrial, processInstead, tryModules } from './auto.ts'
export { GATES, type GateAnswer, gate, type IsolationKind, libpythonHint, type Verdict } from './gates.ts'
export { HeldMemory } from './held-memory.ts'
export { InProcessIsolation } from './in-process.ts'
export { type Ending, type Isolation, type Launched, type Limits, NO_LIMITS, type WorkerSettings } from './isolation.ts'
export type { Ledger, LedgerTimes } from './ledger.ts'
export type { ChildOptions } from './process.ts'
export { residentMb } from './process-memory.ts'
export { encodeSettings } from './settings.ts'
export type { SideFrame, SyncLine, SyncReply, SyncTools } from './sync-line.ts'
export { type Activity, activityOf } from './thread-activity.ts'

/** Makes the isolation that was chosen. @throws `ERR_PYTHREADS_LIBPYTHON_NOT_FOUND`, `ERR_PYTHREADS_ISOLATION_UNAVAILABLE` */
export function createIsolation(
  kind: IsolationKind,
  facts: PythonFacts,
  settings: WorkerSettings,
  child: ChildOptions = {},
): Isolation {
  const { verdict, reason, mend } = gate(kind, facts)
  if (verdict === 'never') {
    const isMissing = facts.libpython === null && facts.isWrapper !== true
    const code = isMissing ? 'ERR_PYTHREADS_LIBPYTHON_NOT_FOUND' : 'ERR_PYTHREADS_ISOLATION_UNAVAILABLE'
    const help = `To mend it: ${mend === undefined ? '' : `${mend}; or `}use isolation 'process', which works with any Python`
    throw new PythreadsError(code, `${facts.executable} (${facts.release}) cannot do isolation '${kind}': ${reason}.\n${help}`)
  }
  return kind === 'process' ? new ProcessIsolation(facts, settings, child) : new InProcessIsolation(kind, facts, settings)
}

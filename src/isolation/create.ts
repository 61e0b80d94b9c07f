import type { PythonFacts } from '../discovery/index.ts'
import { PythreadsError } from '../errors/index.ts'
import { InProcessIsolation } from './in-process.ts'
import type { Isolation, WorkerSettings } from './isolation.ts'
import { type ChildOptions, ProcessIsolation } from './process.ts'
import { type IsolationKind, supportOf } from './support.ts'

/**
 * Makes the isolation that was chosen. @throws `ERR_PYTHREADS_LIBPYTHON_NOT_FOUND`,
 * `ERR_PYTHREADS_ISOLATION_UNAVAILABLE`
 */
export function createIsolation(
  kind: IsolationKind,
  facts: PythonFacts,
  settings: WorkerSettings,
  child: ChildOptions = {},
): Isolation {
  const { verdict, reason, remedy } = supportOf(kind, facts)
  if (verdict === 'never') {
    const isMissing = facts.libpython === null && facts.isWrapper !== true
    const code = isMissing
      ? 'ERR_PYTHREADS_LIBPYTHON_NOT_FOUND'
      : 'ERR_PYTHREADS_ISOLATION_UNAVAILABLE'
    const help = `To mend it: ${remedy === undefined ? '' : `${remedy}; or `}use isolation 'process', which works with any Python`
    throw new PythreadsError(
      code,
      `${facts.executable} (${facts.release}) cannot do isolation '${kind}': ${reason}.\n${help}`,
    )
  }
  return kind === 'process'
    ? new ProcessIsolation(facts, settings, child)
    : new InProcessIsolation(kind, facts, settings)
}

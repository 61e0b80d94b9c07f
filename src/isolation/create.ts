import type { PythonFacts } from '../discovery/index.ts'
import { PythreadsError } from '../errors/index.ts'
import type { WorkerSettings } from './isolation.ts'
import type { ChildOptions } from './process.ts'
import { supportOf } from './support.ts'
import { ISOLATIONS, type Isolation, type IsolationKind } from './table.ts'

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
  const { create, isShared, isKillable, inProcess } = ISOLATIONS[kind]
  const traits = { kind, isShared, isKillable, inProcess }
  return Object.assign(create(facts, settings, child), traits)
}

import { PythreadsError } from '../errors/index.ts'
import { splitArguments } from './keywords.ts'
import { described, PythonModule, refuseToSet, shownAs } from './remote-module.ts'
import type { SyncModule } from './types.ts'

/** What a sync module needs of the line behind it. */
export interface SyncCaller {
  call(target: string, args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): unknown
  get(target: string): unknown
}

/**
 * A module whose attributes are read when they are asked for: a plain value is answered as it is now; a function, a class or
 * a module as an object to call or to go into, which is remembered.
 */
export function syncModule(caller: SyncCaller, module: string): SyncModule {
  const read = reader(caller, `${module}:`)
  const text = `[Python module ${module}]`
  return new Proxy(shownAs(text, new PythonModule()), {
    get: (_, key) => (typeof key === 'symbol' ? described(key, text) : key === 'then' ? undefined : read(key)),
    set: refuseToSet,
  })
}

function reader(caller: SyncCaller, prefix: string): (key: string) => unknown {
  const callables = new Map<string, unknown>()
  return (key) => {
    const known = callables.get(key)
    if (known !== undefined) return known
    const target = prefix + key
    try {
      return caller.get(target)
    } catch (error) {
      // Exactly the attribute itself cannot cross: it is something to call or to go into.
      if (!(error instanceof PythreadsError && error.code === 'ERR_PYTHREADS_VALUE' && error.path === target)) throw error
    }
    const callable = attribute(caller, target)
    callables.set(key, callable)
    return callable
  }
}

function attribute(caller: SyncCaller, target: string): unknown {
  const read = reader(caller, `${target}.`)
  const text = `[Python ${target}]`
  return new Proxy(
    shownAs(text, () => {}),
    {
      apply: (_, __, args: unknown[]) => caller.call(target, ...splitArguments(args)),
      get: (_, key) => (typeof key === 'symbol' ? described(key, text) : key === 'then' ? undefined : read(key)),
      set: refuseToSet,
    },
  )
}

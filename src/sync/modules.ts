import type { Kwargs } from '../options/index.ts'
import { bindToObject, bindToTarget, type Handle, handleOf } from '../references/index.ts'
import type { SyncModule, SyncObject } from '../remote/index.ts'
import {
  attributeOf,
  callable,
  describedBy,
  isRefusedHere,
  letGoOfNothing,
  type Operator,
  operation,
  PythonModule,
  RemoteObjectTarget,
  refusedToJson,
  refuseToChange,
  shownAs,
  splitArguments,
  type Target,
} from '../remote/index.ts'
import { TRAIT } from '../wire/index.ts'

/** What sync modules and objects need of the connection behind them. */
export interface SyncCaller extends Operator<unknown> {
  call(target: Target, args: readonly unknown[], kwargs: Kwargs): unknown
  get(target: Target): unknown
}

/**
 * A module whose attributes are read at each access. A plain value is returned as it is now. A
 * function, a class or a module is returned as a proxy, which is remembered.
 */
export function syncModule(caller: SyncCaller, module: string): SyncModule {
  const target: Target = `${module}:`
  const read = reader(caller, target)
  const text = `[Python module ${module}]`
  const proxy = new Proxy(shownAs(text, new PythonModule()), {
    get: byName(caller, target, read, text),
    ...refuseToChange,
  })
  return bindToTarget(proxy, module) as unknown as SyncModule
}

/** Makes the proxy that sync calls return for an object that stays in Python. */
export function syncObject(caller: SyncCaller, handle: Handle): SyncObject {
  const text = `[Python ${handle.type}]`
  const has = (trait: number) => (handle.traits & trait) !== 0
  const dispose = () => handle.release()
  const symbols: Partial<Record<symbol, unknown>> = { [Symbol.dispose]: dispose }
  if (has(TRAIT.ITERABLE)) symbols[Symbol.iterator] = () => iterate(caller, target, handle)
  const proxy: SyncObject = new Proxy(
    shownAs(text, has(TRAIT.CALLABLE) ? callable() : new RemoteObjectTarget()),
    {
      get: (_, key) => {
        if (typeof key === 'symbol') return symbols[key] ?? describedBy(key, text)
        if (key === 'toJSON') return refusedToJson(text)
        return key === '$dispose' ? dispose : (operation(caller, target, key) ?? read(key))
      },
      has: (_, key) => typeof key === 'symbol' && key in symbols,
      apply: (_, __, args: unknown[]) => caller.call(target, ...splitArguments(args)),
      construct: (_, args: unknown[]) => caller.call(target, ...splitArguments(args)) as object,
      ...refuseToChange,
    },
  ) as unknown as SyncObject
  const target: Target = { object: proxy, path: '' }
  const read = reader(caller, target)
  return bindToObject(proxy, handle)
}

function reader(caller: SyncCaller, owner: Target): (key: string) => unknown {
  const entered = new Map<string, unknown>()
  return (key) => {
    if (key === 'then') return undefined
    const known = entered.get(key)
    if (known !== undefined) return known
    const target = attributeOf(owner, key)
    const value = caller.get(target)
    const handle =
      value === null || (typeof value !== 'object' && typeof value !== 'function')
        ? undefined
        : handleOf(value)
    if (
      handle === undefined ||
      !((handle.traits & TRAIT.CALLABLE) !== 0 || handle.type.startsWith('module '))
    )
      return value
    handle.release() // from here on it goes by its name
    const attribute = syncAttribute(caller, target)
    entered.set(key, attribute)
    return attribute
  }
}

/** The `get` of a proxy for a name in Python: no handle has to be released. */
function byName(caller: SyncCaller, target: Target, read: (key: string) => unknown, text: string) {
  return (_: unknown, key: string | symbol): unknown => {
    if (typeof key === 'symbol') return letGoOfNothing(key) ?? describedBy(key, text)
    if (key === 'toJSON') return refusedToJson(text)
    return operation(caller, target, key) ?? (key === '$dispose' ? () => {} : read(key))
  }
}

function syncAttribute(caller: SyncCaller, target: Target): unknown {
  const read = reader(caller, target)
  const text = `[Python ${typeof target === 'string' ? target : `attribute ${target.path}`}]`
  const proxy = new Proxy(shownAs(text, callable()), {
    apply: (_, __, args: unknown[]) => caller.call(target, ...splitArguments(args)),
    construct: (_, args: unknown[]) => caller.call(target, ...splitArguments(args)) as object,
    get: byName(caller, target, read, text),
    ...refuseToChange,
  })
  return typeof target === 'string' ? bindToTarget(proxy, target) : proxy
}

function* iterate(
  caller: SyncCaller,
  target: Target,
  { traits }: Handle,
): Generator<unknown, void, undefined> {
  const iterator =
    (traits & TRAIT.ITERATOR_ITSELF) !== 0
      ? undefined
      : (caller.operate('iterate', target, []) as SyncObject)
  const source: Target = iterator === undefined ? target : { object: iterator, path: '' }
  let ended = false
  /** The next step. One that JavaScript cannot hold does not end the iterator. */
  const next = () => {
    try {
      return caller.operate('next', source, []) as [unknown] | null
    } catch (error) {
      ended = !isRefusedHere(error)
      throw error
    }
  }
  try {
    for (;;) {
      ended = true // an error in Python ends it too
      const step = next()
      if (step === null) return
      ended = false
      yield step[0]
    }
  } finally {
    if (!ended && (traits & TRAIT.GENERATOR) !== 0) caller.operate('close', source, [])
    iterator?.$dispose()
    if ((traits & TRAIT.GENERATOR) !== 0) (target as { object: SyncObject }).object.$dispose()
  }
}

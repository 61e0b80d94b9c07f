import { inspect } from 'node:util'
import { splitArguments } from './keywords.ts'
import type { RemoteModule } from './types.ts'

/** What a remote module needs of the pool behind it. */
export interface Caller {
  call(target: string, args: readonly unknown[], kwargs: Readonly<Record<string, unknown>>): Promise<unknown>
  get(target: string): Promise<unknown>
  import(module: string): Promise<unknown>
}

/**
 * A module whose attributes are made when they are first asked for. To await one reads it, to await the module imports it:
 * what that resolves to has no `then` any more, or awaiting would never end.
 */
export function remoteModule(caller: Caller, module: string): RemoteModule {
  const children = new Map<string, unknown>()
  const get = (_: unknown, key: string | symbol): unknown => {
    if (key === 'then') return undefined
    return typeof key === 'symbol'
      ? described(key, `[Python module ${module}]`)
      : child(children, key, () => attribute(caller, `${module}:${key}`))
  }
  const imported = new Proxy(Object.create(null), { get, set: refuseToSet })
  const then = (resolve: (value: unknown) => unknown, reject: (error: unknown) => unknown) =>
    caller.import(module).then(() => resolve(imported), reject)
  return new Proxy(Object.create(null), {
    get: (target, key) => (key === 'then' ? then : get(target, key)),
    set: refuseToSet,
  })
}

function attribute(caller: Caller, target: string): unknown {
  const children = new Map<string, unknown>()
  const then = (resolve: (value: unknown) => unknown, reject: (error: unknown) => unknown) =>
    caller.get(target).then(resolve, reject)
  return new Proxy(() => {}, {
    apply: (_, __, args: unknown[]) => caller.call(target, ...splitArguments(args)),
    get: (_, key) => {
      if (key === 'then') return then
      return typeof key === 'symbol'
        ? described(key, `[Python ${target}]`)
        : child(children, key, () => attribute(caller, `${target}.${key}`))
    },
    set: refuseToSet,
  })
}

/** The same attribute is the same object, as with any other object. */
export function child<T>(children: Map<string, T>, key: string, make: () => T): T {
  let found = children.get(key)
  if (found === undefined) {
    found = make()
    children.set(key, found)
  }
  return found
}

/** What a proxy answers for a symbol: what `console.log` shows, and nothing else. */
export function described(key: symbol, text: string): unknown {
  return key === inspect.custom ? () => text : key === Symbol.toStringTag ? text.slice(1, -1) : undefined
}

export function refuseToSet(): never {
  throw new TypeError('An attribute of a remote Python object cannot be set from JavaScript')
}

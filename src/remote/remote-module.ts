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
  const text = `[Python module ${module}]`
  const get = (_: unknown, key: string | symbol): unknown => {
    if (key === 'then') return undefined
    return typeof key === 'symbol' ? described(key, text) : child(children, key, () => attribute(caller, `${module}:${key}`))
  }
  const imported = new Proxy(shownAs(text, new PythonModule()), { get, set: refuseToSet })
  const then = (resolve: (value: unknown) => unknown, reject: (error: unknown) => unknown) =>
    caller.import(module).then(() => resolve(imported), reject)
  return new Proxy(shownAs(text, new PythonModule()), {
    get: (target, key) => (key === 'then' ? then : get(target, key)),
    set: refuseToSet,
  })
}

function attribute(caller: Caller, target: string): unknown {
  const children = new Map<string, unknown>()
  const text = `[Python ${target}]`
  const then = (resolve: (value: unknown) => unknown, reject: (error: unknown) => unknown) =>
    caller.get(target).then(resolve, reject)
  return new Proxy(
    shownAs(text, () => {}),
    {
      apply: (_, __, args: unknown[]) => caller.call(target, ...splitArguments(args)),
      get: (_, key) => {
        if (key === 'then') return then
        return typeof key === 'symbol' ? described(key, text) : child(children, key, () => attribute(caller, `${target}.${key}`))
      },
      set: refuseToSet,
    },
  )
}

/** What stands behind a module's proxy: a class of its own, so that a module passed as a value is refused, not taken for `{}`. */
export class PythonModule {
  readonly [name: string]: never
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

/** Makes `console.log` show a text for a proxy: it looks at what stands behind it, past the traps. */
export function shownAs<T extends object>(text: string, target: T): T {
  return Object.defineProperty(target, inspect.custom, { value: () => text, configurable: true })
}

/** What a proxy answers for a symbol: what a template shows, and nothing else. */
export function described(key: symbol, text: string): unknown {
  if (key === Symbol.toPrimitive) return () => text
  return key === Symbol.toStringTag ? text.slice(1, -1) : undefined
}

export function refuseToSet(): never {
  throw new TypeError('An attribute of a remote Python object cannot be set from JavaScript')
}

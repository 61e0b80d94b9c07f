import { inspect } from 'node:util'
import { bindToTarget } from '../references/index.ts'
import type { Caller } from './caller.ts'
import { enter, within } from './contexts.ts'
import { refusedToJson } from './json.ts'
import { splitArguments } from './keywords.ts'
import { operation } from './operations.ts'
import { attributeOf, type Target } from './requests.ts'
import type { RemoteModule } from './types.ts'

/**
 * A module whose attributes are made when they are first asked for. To await one reads it, to await
 * the module imports it: what that resolves to has no `then` any more, or awaiting would never end.
 */
export function remoteModule(caller: Caller, module: string): RemoteModule {
  const then = (resolve: (value: unknown) => unknown, reject: (error: unknown) => unknown) =>
    caller.import(module).then(() => resolve(imported), reject)
  const children = new Map<string, unknown>()
  const text = `[Python module ${module}]`
  const target: Target = `${module}:`
  const get = (_: unknown, key: string | symbol): unknown => {
    if (key === 'then') return undefined
    if (key === 'toJSON') return refusedToJson(text, () => caller.get(attributeOf(target, key)))
    if (typeof key === 'symbol') return letGoOfNothing(key) ?? describedBy(key, text)
    const own = operation(caller, target, key) ?? lifetime(caller, target, key)
    return own ?? child(children, key, () => remoteAttribute(caller, attributeOf(target, key)))
  }
  const imported = bindToTarget(
    new Proxy<PythonModule>(shownAs(text, new PythonModule()), { get, ...refuseToChange }),
    module,
  )
  const lazy = new Proxy<PythonModule>(shownAs(text, new PythonModule()), {
    get: (target, key) => (key === 'then' ? then : get(target, key)),
    ...refuseToChange,
  })
  return bindToTarget(lazy, module) as unknown as RemoteModule
}

/** What only what JavaScript holds has. A module is not held. */
function lifetime(caller: Caller, target: Target, key: string): unknown {
  if (!key.startsWith('$')) return undefined
  if (key === '$dispose') return () => {}
  if (key === '$enter') return () => enter(caller, target)
  return key === '$with'
    ? (body: (value: unknown) => unknown) => within(caller, target, body)
    : undefined
}

/** What `using` and `await using` look for. */
export function letGoOfNothing(key: symbol): (() => void) | undefined {
  return key === Symbol.dispose || key === Symbol.asyncDispose ? () => {} : undefined
}

/** A module that is there already. */
export function importedModule(caller: Caller, module: string): Promise<RemoteModule> {
  return Promise.resolve(remoteModule({ ...caller, import: async () => undefined }, module))
}

/** An attribute of a module or of a remote object; its type is not known yet. */
export function remoteAttribute(caller: Caller, target: Target): unknown {
  const children = new Map<string, unknown>()
  const text = `[Python ${typeof target === 'string' ? target : `attribute ${target.path}`}]`
  const then = (resolve: (value: unknown) => unknown, reject: (error: unknown) => unknown) =>
    caller.get(target).then(resolve, reject)
  const attribute = new Proxy(shownAs(text, callable()), {
    apply: (_, __, args: unknown[]) => caller.call(target, ...splitArguments(args)),
    construct: (_, args: unknown[]) => caller.call(target, ...splitArguments(args)),
    get: (_, key) => {
      if (key === 'then') return then
      if (key === 'toJSON') return refusedToJson(text, () => caller.get(attributeOf(target, key)))
      if (typeof key === 'symbol') return describedBy(key, text)
      return (
        operation(caller, target, key) ??
        child(children, key, () => remoteAttribute(caller, attributeOf(target, key)))
      )
    },
    has: () => false,
    ...refuseToChange,
  })
  return typeof target === 'string' ? bindToTarget(attribute, target) : attribute
}

class PythonCallable {}

/**
 * What stands behind the proxy of something to call or to construct. Bound, it has no `prototype`
 * of its own.
 */
export function callable(): () => void {
  return PythonCallable.bind(null) as unknown as () => void
}

/** What stands behind a module's proxy. */
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

/**
 * Makes `console.log` show a text for a proxy: it looks at what stands behind it, past the traps.
 */
export function shownAs<T extends object>(text: string, target: T): T {
  return Object.defineProperty(target, inspect.custom, { value: () => text, configurable: true })
}

/** What a proxy answers for a symbol: what a template shows, and nothing else. */
export function describedBy(key: symbol, text: string): unknown {
  if (key === Symbol.toPrimitive) return () => text
  return key === Symbol.toStringTag ? text.slice(1, -1) : undefined
}

/**
 * The traps of what stands for something in Python, which is changed there. To freeze it changes
 * nothing.
 */
export const refuseToChange: Pick<
  ProxyHandler<object>,
  'set' | 'deleteProperty' | 'defineProperty'
> = {
  set: () => refuse('set by `=`: use `$set(name, value)`'),
  deleteProperty: () => refuse('deleted by `delete`: use `$delete(name)`'),
  defineProperty: (target, key, property) =>
    Object.hasOwn(target, key)
      ? Reflect.defineProperty(target, key, property)
      : refuse('defined: use `$set(name, value)`'),
}

function refuse(how: string): never {
  throw new TypeError(
    `An attribute of something in Python cannot be ${how}, and \`exec\` for that of a module`,
  )
}

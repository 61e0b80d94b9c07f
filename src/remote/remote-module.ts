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
 * Makes a proxy for a module, which makes proxies for its attributes on first use. Awaiting the
 * proxy imports the module. The promise resolves to a second proxy without `then`: `await` would
 * call `then` of the result again, without end.
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

/** The methods of {@link RemoteLifetime}. A module is not held, so its `$dispose` does nothing. */
function lifetime(caller: Caller, target: Target, key: string): unknown {
  if (!key.startsWith('$')) return undefined
  if (key === '$dispose') return () => {}
  if (key === '$enter') return () => enter(caller, target)
  return key === '$with'
    ? (body: (value: unknown) => unknown) => within(caller, target, body)
    : undefined
}

/** The methods that `using` and `await using` call. For a module they do nothing. */
export function letGoOfNothing(key: symbol): (() => void) | undefined {
  return key === Symbol.dispose || key === Symbol.asyncDispose ? () => {} : undefined
}

/** A proxy for a module that is imported already: awaiting it sends nothing. */
export function importedModule(caller: Caller, module: string): Promise<RemoteModule> {
  return Promise.resolve(remoteModule({ ...caller, import: async () => undefined }, module))
}

/** Makes a proxy for an attribute. Its type is not known, so it can be called, awaited and read. */
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
 * Makes the target of a proxy that can be called and constructed. A bound function has no
 * `prototype`, so Python's attribute of that name can be read: a proxy must return its target's
 * fixed properties.
 */
export function callable(): () => void {
  return PythonCallable.bind(null) as unknown as () => void
}

/** The target of a module's proxy. */
export class PythonModule {
  readonly [name: string]: never
}

/** Returns the same proxy for the same attribute, so that `module.f === module.f`. */
export function child<T>(children: Map<string, T>, key: string, make: () => T): T {
  let found = children.get(key)
  if (found === undefined) {
    found = make()
    children.set(key, found)
  }
  return found
}

/** Makes `console.log` show a text for a proxy: it inspects the proxy's target, without traps. */
export function shownAs<T extends object>(text: string, target: T): T {
  return Object.defineProperty(target, inspect.custom, { value: () => text, configurable: true })
}

/** The symbol properties of a proxy: only those by which templates and `toString` show the text. */
export function describedBy(key: symbol, text: string): unknown {
  if (key === Symbol.toPrimitive) return () => text
  return key === Symbol.toStringTag ? text.slice(1, -1) : undefined
}

/**
 * The traps that refuse to change a proxy: `$set` and `$delete` change the object in Python.
 * `Object.freeze` works, as it redefines only the target's own properties.
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
    `An attribute of a Python object cannot be ${how}, or \`exec\` for an attribute of a module`,
  )
}

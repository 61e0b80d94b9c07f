/**
 * Copies an object's own properties into an object without a prototype. Node reads its options, and
 * the environment of a child process, with inherited properties, so a package that changes
 * `Object.prototype` would change both.
 */
export function own<T extends object>(object: T): T {
  return { __proto__: null, ...object } as T
}

/**
 * Copies the variables of an environment, to look them up by name. On Windows, where names are
 * compared without case, the names of the copy are in capitals.
 */
export function ownVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (process.platform !== 'win32') return own(env)
  return own(
    Object.fromEntries(Object.entries(env).map(([name, value]) => [name.toUpperCase(), value])),
  )
}

/** Whether a value is an object and no array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

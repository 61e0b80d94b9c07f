/**
 * Copies an object's own properties into an object without a prototype. Node reads its options, and
 * the environment of a child process, with inherited properties, so a package that changes
 * `Object.prototype` would change both.
 */
export function own<T extends object>(object: T): T {
  return { __proto__: null, ...object } as T
}

/** Whether a value is an object and no array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

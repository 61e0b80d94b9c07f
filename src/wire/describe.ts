/** How error messages name a value that cannot cross to Python, and the place where it stands. */

/** The number of levels that a path names; the rest is `...`. */
const MOST_LEVELS = 20

/** The path of a value: `keys[0]` is the name of the root, the others are keys of containers. */
export function pathTo(keys: readonly (string | number)[], depth: number): string {
  const shown = keys.slice(0, Math.min(depth, MOST_LEVELS) + 1)
  const path = shown.map((key, i) => (i === 0 ? key : step(key))).join('')
  return depth > MOST_LEVELS ? `${path}...` : path
}

function step(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

/** A value by its class. */
export function describe(value: object): string {
  if (typeof value === 'function') return 'a function'
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name
  return typeof name === 'string' && name !== ''
    ? `a value of class ${name}`
    : 'an object with a prototype of its own'
}

/** A key of a Map or a member of a Set. */
export function describeKey(key: unknown): string {
  if (key === null || key === undefined) return String(key)
  return typeof key === 'object' ? describe(key) : `${typeof key} ${String(key)}`
}

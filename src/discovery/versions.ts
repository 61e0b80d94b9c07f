import { PythreadsError } from '../errors/index.ts'

/** A range of Python versions: `3.12`, `>=3.11,<3.14`, `~=3.12.1`, `3.11 - 3.13` or `3.13t`. */
export interface VersionRange {
  /** The range as the user wrote it. */
  readonly text: string
  /** `true`: only free-threaded builds fit. `false`: only builds with a GIL fit. */
  readonly freeThreaded: boolean
  readonly includes: (version: readonly number[]) => boolean
}

type Test = (version: readonly number[]) => boolean

const RANGE = /^(\d+(?:\.\d+){0,2}) +- +(\d+(?:\.\d+){0,2})$/
const CLAUSE = /^(===?|!=|~=|>=?|<=?|\^|~)? *[vV]?(\d+(?:\.(?:\d+|[*xX])){0,2})$/
const LAST_MICRO = 99

/**
 * Parses a range of versions; `undefined` for a name or a path. A `t` at the end of a version asks
 * for a free-threaded build.
 *
 * @throws `ERR_PYTHREADS_OPTION` when the text begins like a range and is not valid
 */
export function versionRange(text: string): VersionRange | undefined {
  const trimmed = text.trim()
  if (!/^(?:[<>=!~^]+ *[vV]?\d|[vV]?\d+(?:\.(?:\d+|[*xX]))*t?(?:$|[ ,]))/.test(trimmed))
    return undefined
  const freeThreaded = /[\dxX*]t(?=$|[ ,])/.test(trimmed)
  const plain = trimmed.replace(/([\dxX*])t(?=$|[ ,])/g, '$1')
  const tests = hyphenated(plain) ?? clauses(plain)
  if (tests === undefined) {
    const forms = "'3.12', '3.12.4', '>=3.11', '>=3.11,<3.14', '~=3.12.1', '3.11 - 3.13', '3.13t'"
    throw new PythreadsError(
      'ERR_PYTHREADS_OPTION',
      `\`python\`: ${JSON.stringify(text)} is not a valid version; e.g. ${forms}`,
    )
  }
  return {
    text: trimmed,
    freeThreaded,
    includes: (version) => tests.every((test) => test(version)),
  }
}

/** Whether any release of a minor version is in the range. */
export function mayInclude(range: VersionRange, major: number, minor: number): boolean {
  return Array.from({ length: LAST_MICRO }, (_, micro) => micro).some((micro) =>
    range.includes([major, minor, micro]),
  )
}

function hyphenated(text: string): Test[] | undefined {
  const found = RANGE.exec(text)
  if (found === null) return undefined
  const [low, high] = [numbers(found[1]), numbers(found[2])]
  return [
    (version) => compare(version, low) >= 0,
    (version) => compare(version.slice(0, high.length), high) <= 0,
  ]
}

function clauses(text: string): Test[] | undefined {
  const parts = text
    .split(text.includes(',') ? ',' : / +(?=[<>=!~^])/)
    .map((part) => CLAUSE.exec(part.trim()))
  return parts.every((part) => part !== null)
    ? parts.map(([, operator, version]) => clause(operator, version ?? ''))
    : undefined
}

function clause(operator: string | undefined, text: string): Test {
  const wanted = numbers(text)
  const begins: Test = (version) => compare(version.slice(0, wanted.length), wanted) === 0
  const atLeast: Test = (version) => compare(version, wanted) >= 0
  switch (operator) {
    case '>=':
      return atLeast
    case '>':
      return (version) => atLeast(version) && !begins(version) // >3.11 means 3.12 and newer
    case '<':
      return (version) => !atLeast(version)
    case '<=':
      return (version) => !atLeast(version) || begins(version)
    case '!=':
      return (version) => !begins(version)
    case '~=': {
      const family = wanted.slice(0, Math.max(1, wanted.length - 1))
      return (version) => atLeast(version) && compare(version.slice(0, family.length), family) === 0
    }
    case '^':
      return (version) => atLeast(version) && version[0] === wanted[0]
    case '~':
      return (version) => atLeast(version) && compare(version.slice(0, 2), wanted.slice(0, 2)) === 0
    default:
      return begins
  }
}

/** The numbers before a wildcard. */
function numbers(text: string = ''): number[] {
  return text.split('.').flatMap((part) => (/\d/.test(part) ? [Number(part)] : []))
}

/** Compares two versions for `sort`; a missing number counts as 0. */
export function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** What items of numpy's dates and durations are in JSON. */

/** numpy's "not a time". */
const NOT_A_TIME = -(2n ** 63n)

/** How many units of its kind a second has. */
const PER_SECOND: Readonly<Record<string, bigint>> = {
  s: 1n,
  ms: 10n ** 3n,
  us: 10n ** 6n,
  ns: 10n ** 9n,
  ps: 10n ** 12n,
  fs: 10n ** 15n,
  as: 10n ** 18n,
}
const SECONDS: Readonly<Record<string, bigint>> = { m: 60n, h: 3600n, D: 86_400n, W: 7n * 86_400n }
/** How much of the ISO text the units have that are longer than a second. */
const LENGTHS: Readonly<Record<string, number>> = { Y: 4, M: 7, W: 10, D: 10, h: 13, m: 16 }

/** A number, where it is exact. */
export function integerToJson(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** How an item of a dtype such as `datetime64[25s]` is written. */
export function timeToJson(dtype: string): (value: bigint) => string | number | bigint | null {
  const [, kind, count = '', unit] =
    /^(datetime64|timedelta64)(?:\[(\d*)(\w+)\])?$/.exec(dtype) ?? []
  const step = BigInt(count === '' ? 1 : count)
  const write = (value: bigint) =>
    kind === 'datetime64' && unit !== undefined
      ? dateText(value * step, unit)
      : integerToJson(value * step)
  return (value) => (value === NOT_A_TIME ? null : write(value))
}

/** As numpy prints it. Outside of what a `Date` holds, the count of the unit. */
function dateText(value: bigint, unit: string): string | number | bigint {
  const perSecond = PER_SECOND[unit] ?? 1n
  const seconds =
    PER_SECOND[unit] === undefined ? monthsOrSeconds(value, unit) : floorDivide(value, perSecond)
  const date = new Date(Number(seconds) * 1000)
  if (Number.isNaN(date.getTime())) return integerToJson(value)
  const text = date.toISOString()
  const extra = text.length - 24 // of years with a sign and six digits
  if (PER_SECOND[unit] === undefined) return text.slice(0, (LENGTHS[unit] ?? 19) + extra)
  const digits = String(perSecond).length - 1
  const fraction = String(value - seconds * perSecond).padStart(digits, '0')
  return `${text.slice(0, -5)}${digits === 0 ? '' : `.${fraction}`}`
}

function monthsOrSeconds(value: bigint, unit: string): bigint {
  if (unit !== 'Y' && unit !== 'M') return value * (SECONDS[unit] ?? 1n)
  const months = unit === 'Y' ? value * 12n : value
  const start = new Date(0)
  start.setUTCMonth(Number(months))
  return Number.isNaN(start.getTime()) ? 2n ** 63n : BigInt(start.getTime()) / 1000n
}

function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return quotient * by > value ? quotient - 1n : quotient
}

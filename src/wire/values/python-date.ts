import { inspect } from 'node:util'
import { PythreadsError } from '../../errors/index.ts'
import { own } from '../../own.ts'

/** The parts of a Python datetime that a `Date` does not hold. */
export interface DateParts {
  /** Nanoseconds beyond the milliseconds, from 0 to 999,999. */
  readonly nanoseconds: number
  /** Microseconds east of UTC; `null` for a datetime without a zone. */
  readonly offset: number | null
  /** A letter for the kind of the zone, and its name: see `dates.py` in the kernel. */
  readonly zone: string
  readonly fold: number
}

const UTC: DateParts = Object.freeze({ nanoseconds: 0, offset: 0, zone: 'u', fold: 0 })
const ISO =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(?:([+-])(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{6}))?)?)?$/
const FOLD = '[fold=1]'
const MS_PER_DAY = 86_400_000

/** The options of {@link PythonDate.of}. */
export interface ZoneOptions {
  /** The key of a `ZoneInfo`, such as `'Europe/Rome'`. Default: a zone that is the offset alone. */
  readonly zone?: string | undefined
  /** 1 for the second of two equal clock times, when clocks are set back. Default 0. */
  readonly fold?: number | undefined
}

interface Internals {
  make(milliseconds: number, parts: DateParts, time?: number): PythonDate
  parts(date: Date): readonly [milliseconds: number, parts: DateParts] | undefined
}

/** Functions for the encoder and the decoder. The class sets them: they use its private fields. */
let internals: Internals

/**
 * A `Date` from Python that also keeps the parts that a `Date` does not hold: microseconds, the
 * zone, and the fold (which of two equal clock times it is, when clocks are set back). As an
 * argument it becomes the same datetime in Python again. A datetime in UTC with whole milliseconds,
 * which a `Date` holds completely, arrives as a plain `Date`.
 *
 * When a setter of `Date` changes the moment, these parts are lost: the date is in UTC, as any
 * other `Date`.
 *
 * @example
 * ```ts
 * const text = '2024-01-02T03:04:05.678901+01:00'
 * const when = await py.run<PythonDate>('datetime:datetime.fromisoformat', [text])
 * when.toISOString() // '2024-01-02T02:04:05.678Z'
 * when.microsecond // 678901
 * when.zone // '+01:00'
 * ```
 */
export class PythonDate extends Date {
  #parts: DateParts | undefined
  /** The moment to which the parts belong. */
  #time = Number.NaN
  /** The milliseconds for Python: the moment, or without a zone the clock time read as UTC. */
  #milliseconds = 0

  static {
    const make: Internals['make'] = (milliseconds, parts, time = milliseconds) => {
      const date = new PythonDate(time)
      date.#parts = parts
      date.#time = date.getTime()
      date.#milliseconds = milliseconds
      return date
    }
    const parts: Internals['parts'] = (date) => {
      if (!(#parts in date)) return undefined
      const own = date.#own
      return own === undefined ? undefined : [date.#milliseconds, own]
    }
    internals = { make, parts }
    const show = function (this: PythonDate): string {
      return shown(this)
    }
    Object.defineProperty(PythonDate.prototype, inspect.custom, { value: show, configurable: true })
  }

  /**
   * Makes a datetime for Python from the text that its `isoformat` returns.
   *
   * @param text - E.g. `2024-01-02T03:04:05.678901+01:00`; without an offset, the datetime has no
   * zone.
   * @param options - The zone and the fold.
   * @returns The datetime.
   * @example
   * ```ts
   * const when = PythonDate.of('2024-01-02T03:04:05.678901+01:00', { zone: 'Europe/Rome' })
   * when.isoformat() // '2024-01-02T03:04:05.678901+01:00'
   * when.zone // 'Europe/Rome'
   * ```
   * @throws `ERR_PYTHREADS_ARGUMENT` for another text. Python checks the zone when it gets the
   * date.
   */
  static of(text: string, options: ZoneOptions = {}): PythonDate {
    const { zone, fold = 0 } = own(options)
    const found = typeof text === 'string' ? ISO.exec(text) : null
    const wall = found === null ? undefined : wallOf(found)
    if (
      found === null ||
      wall === undefined ||
      (zone !== undefined && (typeof zone !== 'string' || found[8] === undefined))
    ) {
      const wanted = 'the isoformat of a datetime, with an offset where there is a zone'
      throw new PythreadsError(
        'ERR_PYTHREADS_ARGUMENT',
        `A PythonDate is made of ${wanted}; got ${JSON.stringify(text)}`,
      )
    }
    const [milliseconds, micros] = wall
    const offset = offsetOf(found)
    const sum = micros - (offset ?? 0)
    const code = zone === undefined ? (offset === 0 ? 'u' : offset === null ? '' : 'f') : `z${zone}`
    const parts = {
      nanoseconds: modulo(sum, 1000) * 1000,
      offset,
      zone: code,
      fold: fold === 1 ? 1 : 0,
    }
    return internals.make(milliseconds + Math.floor(sum / 1000), parts)
  }

  /**
   * Makes a `PythonDate` of any `Date`.
   *
   * @param date - The date.
   * @returns The same object if it is a `PythonDate`, otherwise a date in UTC.
   */
  static from(date: Date): PythonDate {
    return date instanceof PythonDate ? date : new PythonDate(date.getTime())
  }

  /** The parts; `undefined` after a setter has changed the moment. */
  get #own(): DateParts | undefined {
    return this.#time === this.getTime() ? this.#parts : undefined
  }

  /** The microseconds of the second, from 0 to 999,999. */
  get microsecond(): number {
    return Math.floor(modulo(this.getTime(), 1000) * 1000 + (this.#own ?? UTC).nanoseconds / 1000)
  }

  /** For a `pandas.Timestamp`: the nanoseconds beyond the microseconds, from 0 to 999. */
  get nanosecond(): number {
    return (this.#own ?? UTC).nanoseconds % 1000
  }

  /**
   * The key of a `ZoneInfo` (`'Europe/Rome'`), the name of a `timezone` (`'CET'`), `'UTC'`, or the
   * offset of a zone without a name (`'+02:00'`). `null`: the datetime has no zone.
   */
  get zone(): string | null {
    const { zone, offset } = this.#own ?? UTC
    if (offset === null) return null
    if (zone === 'u') return 'UTC'
    return zone.length > 1 ? zone.slice(1) : offsetText(offset)
  }

  /** Seconds east of UTC; `null`: the datetime has no zone. */
  get offset(): number | null {
    const { offset } = this.#own ?? UTC
    return offset === null ? null : offset / 1_000_000
  }

  /** 1 for the second of two equal clock times, when clocks are set back; otherwise 0. */
  get fold(): number {
    return (this.#own ?? UTC).fold
  }

  /**
   * Writes the date as Python's `isoformat` does.
   *
   * @returns The clock time in its zone, with microseconds and offset; `'Invalid Date'` for an
   * invalid date.
   */
  isoformat(): string {
    const parts = this.#own ?? UTC
    const micros = (parts.offset ?? 0) + Math.floor(parts.nanoseconds / 1000)
    const wall = new Date(
      (this.#own === undefined ? this.getTime() : this.#milliseconds) + Math.floor(micros / 1000),
    )
    if (Number.isNaN(wall.getTime())) return 'Invalid Date'
    const text = wall.toISOString()
    const fraction = modulo(wall.getTime(), 1000) * 1000 + modulo(micros, 1000)
    const digits =
      String(fraction).padStart(6, '0') +
      (this.nanosecond === 0 ? '' : String(this.nanosecond).padStart(3, '0'))
    const clock = `${text.slice(0, -5)}${Number(digits) === 0 ? '' : `.${digits}`}`
    return parts.offset === null ? clock : clock + offsetText(parts.offset)
  }
}

/** The text that `console.log` shows. */
function shown(date: PythonDate): string {
  const { zone } = date
  const text = date.isoformat()
  return `PythonDate ${text}${zone === null || zone === 'UTC' || text.endsWith(zone) ? '' : `[${zone}]`}`
}

/**
 * Makes a date of a decoded datetime. `milliseconds`: the moment, or without a zone the clock time
 * read as UTC. `time`: the moment that the clock time is taken for.
 */
export function pythonDate(milliseconds: number, parts: DateParts, time?: number): PythonDate {
  return internals.make(milliseconds, parts, time)
}

/** The milliseconds and the parts for Python; `undefined` for a plain `Date`. */
export function datePartsOf(
  date: Date,
): readonly [milliseconds: number, parts: DateParts] | undefined {
  return internals.parts(date)
}

/** Copies a `Date` or a `PythonDate`. */
export function copyOfDate(date: Date): Date {
  const exact = internals.parts(date)
  return exact === undefined ? new Date(date) : internals.make(...exact, date.getTime())
}

/**
 * The meaning of a datetime without a zone. `'utc'` and `'local'`: a moment in that zone.
 * `'exact'`: no moment, so it arrives as a `PythonScalar`.
 */
export type NaiveDates = 'exact' | 'utc' | 'local'

/** Makes a date of a datetime without a zone; `undefined` for a text with a zone, or not valid. */
export function naiveDate(text: string, meaning: 'utc' | 'local'): PythonDate | undefined {
  const isSecond = text.endsWith(FOLD)
  const found = ISO.exec(isSecond ? text.slice(0, -FOLD.length) : text)
  const wall = found === null || found[8] !== undefined ? undefined : wallOf(found)
  if (wall === undefined) return undefined
  const [start, micros] = wall
  const time = start + Math.floor(micros / 1000)
  const fold = isSecond ? 1 : 0
  const parts = { nanoseconds: (micros % 1000) * 1000, offset: null, zone: '', fold }
  return internals.make(time, parts, meaning === 'utc' ? time : localTime(new Date(time), fold))
}

/**
 * The clock time of a parsed text, read as UTC: milliseconds of the whole second, and microseconds.
 * `undefined` for an impossible time such as February 30.
 */
function wallOf(
  found: RegExpExecArray,
): readonly [milliseconds: number, micros: number] | undefined {
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    ...number[],
  ]
  const wall = new Date(0)
  wall.setUTCFullYear(year, month - 1, day)
  wall.setUTCHours(hour as number, minute, second)
  const isSame = year > 0 && wall.toISOString().slice(0, 19) === found[0].slice(0, 19)
  return isSame ? [wall.getTime(), Number((found[7] ?? '').padEnd(6, '0'))] : undefined
}

/** The offset of a parsed text in microseconds; `null` when the text has none. */
function offsetOf(found: RegExpExecArray): number | null {
  const [sign, hours, minutes, seconds = '0', micros = '0'] = found.slice(8)
  if (sign === undefined) return null
  const size =
    (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1_000_000 + Number(micros)
  return sign === '-' && size !== 0 ? -size : size
}

/**
 * The moment at which the local clock shows a time, which is given as UTC. When the clock shows the
 * time twice, `fold` 1 is the second moment.
 */
function localTime(wall: Date, fold: number): number {
  const local = new Date(0)
  local.setFullYear(wall.getUTCFullYear(), wall.getUTCMonth(), wall.getUTCDate())
  local.setHours(
    wall.getUTCHours(),
    wall.getUTCMinutes(),
    wall.getUTCSeconds(),
    wall.getUTCMilliseconds(),
  )
  const first = local.getTime()
  if (fold === 0) return first
  const after = new Date(first + MS_PER_DAY).getTimezoneOffset() - local.getTimezoneOffset()
  const second = new Date(first + after * 60_000)
  return second.getHours() === local.getHours() && second.getMinutes() === local.getMinutes()
    ? second.getTime()
    : first
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by
}

/** Writes an offset as Python does: `+02:00`, `-00:00:01.500000`. */
function offsetText(microseconds: number): string {
  const size = Math.abs(microseconds)
  const seconds = Math.floor(size / 1_000_000)
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(
    (part) => String(part).padStart(2, '0'),
  )
  const fraction = size % 1_000_000
  if (fraction !== 0) parts[2] += `.${String(fraction).padStart(6, '0')}`
  else if (parts[2] === '00') parts.pop()
  return `${microseconds < 0 ? '-' : '+'}${parts.join(':')}`
}

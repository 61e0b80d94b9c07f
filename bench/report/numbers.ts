// Figures as they are shown: three digits, in a unit that keeps them short.

/** How the figures of one metric are shown. */
export interface Scale {
  /** What a figure is divided by. */
  readonly by: number
  readonly unit: string
}

/** A unit for all figures of a metric, so that they can be read against each other. */
export function scaleOf(unit: string, values: readonly number[]): Scale {
  const most = Math.max(0, ...values.map(Math.abs))
  if (unit === 'x') return { by: 1, unit: '×' }
  if (unit.endsWith('/s')) {
    if (most >= 10_000_000) return { by: 1_000_000, unit: 'M/s' }
    return most >= 10_000 ? { by: 1000, unit: 'k/s' } : { by: 1, unit: '/s' }
  }
  if (unit === 'ms' && most >= 10_000) return { by: 1000, unit: 's' }
  if (unit === 'B' && most >= 100_000) return { by: 1000, unit: 'kB' }
  return { by: 1, unit }
}

const WORDS: Readonly<Record<string, string>> = {
  '/s': 'so many a second',
  'k/s': 'thousands a second',
  'M/s': 'millions a second',
  '×': 'times',
  ms: 'milliseconds',
  s: 'seconds',
  µs: 'microseconds',
  B: 'bytes',
  kB: 'kilobytes',
  MB: 'megabytes',
}

export function unitInWords({ unit }: Scale): string {
  return WORDS[unit] ?? unit
}

/** A figure with its unit. */
export function shown(value: number, scale: Scale): string {
  const gap = scale.unit === '×' ? '' : ' '
  return `${digits(value / scale.by)}${gap}${scale.unit}`
}

/** Three digits, or all of a whole number. */
export function digits(value: number): string {
  if (Number.isNaN(value)) return '-'
  if (Math.abs(value) >= 999.5) return Math.round(value).toLocaleString('en-US')
  if (value === 0) return '0'
  return value.toPrecision(Math.abs(value) < 0.01 ? 2 : 3)
}

export function range(low: number, high: number, { by }: Scale): string {
  return low === high ? digits(low / by) : `${digits(low / by)} … ${digits(high / by)}`
}

/** Of the fifth digit there is no need to know. */
export function ratio(value: number): string {
  return `${value >= 99.5 ? Math.round(value) : value.toFixed(value >= 9.95 ? 1 : 2)}×`
}

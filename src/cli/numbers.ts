/** Writes `1234567` as `1,234,567`. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** Writes a time in microseconds, milliseconds or seconds. */
export function span(ms: number): string {
  if (ms < 0.9995) return `${(ms * 1000).toPrecision(3)} us`
  return ms < 999.5 ? `${ms.toPrecision(3)} ms` : `${(ms / 1000).toFixed(1)} s`
}

/** Writes `1 call` or `2,000 calls`. */
export function counted(number: number, one: string): string {
  return `${whole(number)} ${one}${number === 1 ? '' : 's'}`
}

/** Writes a number of bytes as `12 kB`, `3.4 MB` or `1.2 GB`. */
export function bytes(number: number): string {
  for (const [size, unit] of [
    [1e9, 'GB'],
    [1e6, 'MB'],
  ] as const)
    if (number >= size * 0.9995) return `${(number / size).toPrecision(3)} ${unit}`
  return `${Math.ceil(number / 1000)} kB`
}

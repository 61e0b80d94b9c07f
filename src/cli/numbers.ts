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

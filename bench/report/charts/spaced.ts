/**
 * Moves places so far apart that they keep a gap, as little as it takes, in their order and within
 * 0 and `end`.
 */
export function spaced(places: readonly number[], gap: number, end: number): number[] {
  const order = places.map((place, index) => ({ place, index })).sort((a, b) => a.place - b.place)
  const moved = order.map(({ place }) => place)
  for (let i = 1; i < moved.length; i++)
    moved[i] = Math.max(moved[i] ?? 0, (moved[i - 1] ?? 0) + gap)
  let limit = end
  for (let i = moved.length - 1; i >= 0; i--) {
    moved[i] = Math.min(moved[i] ?? 0, limit)
    limit = (moved[i] ?? 0) - gap
  }
  const result: number[] = []
  for (const [rank, { index }] of order.entries()) result[index] = moved[rank] ?? 0
  return result
}

import fc from 'fast-check'

export const START = 4_096
export const END = START + 64 * 200

/**
 * Each step takes that number of bytes or, if it is negative, gives back the range that the number
 * chooses.
 */
export const steps = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: -1_000, max: -1 })),
  {
    maxLength: 120,
  },
)

interface Allocator {
  take(size: number): number | undefined
  giveBack(start: number, size: number): void
}

/** A byte map of the range: the first free part that is large enough. */
export class Model implements Allocator {
  readonly #taken = new Uint8Array((END - START) / 64)

  take(size: number): number | undefined {
    const count = Math.ceil(size / 64)
    for (let at = 0; at + count <= this.#taken.length; at++) {
      if (this.#taken.subarray(at, at + count).some((taken) => taken === 1)) continue
      this.#taken.fill(1, at, at + count)
      return START + at * 64
    }
    return undefined
  }

  giveBack(start: number, size: number): void {
    const at = (start - START) / 64
    this.#taken.fill(0, at, at + Math.ceil(size / 64))
  }
}

/**
 * What an allocator returns at each step (`null`: no room), and at last when all was given back and
 * the whole range is taken at once.
 */
export function run(extents: Allocator, sequence: readonly number[]): (number | null)[] {
  const held: [start: number, size: number][] = []
  const answers: (number | null)[] = []
  for (const step of sequence) {
    if (step > 0) {
      const start = extents.take(step)
      answers.push(start ?? null)
      if (start !== undefined) held.push([start, step])
    } else if (held.length > 0) {
      const [[start, size] = [0, 0]] = held.splice(-step % held.length, 1)
      extents.giveBack(start, size)
    }
  }
  for (const [start, size] of held) extents.giveBack(start, size)
  answers.push(extents.take(END - START) ?? null)
  return answers
}

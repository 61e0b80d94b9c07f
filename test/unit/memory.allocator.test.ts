/**
 * The two allocators, ours and the kernel's, against a naive model: what they hand out never
 * overlaps, lies in the range and is aligned; both answer the same; and when all is given back, in
 * any order, the whole range is one part again.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Allocator, aligned } from '../../src/memory/allocator.ts'
import { pythons } from '../support/pythons.ts'

const START = 4_096
const END = START + 64 * 200
const KERNEL = fileURLToPath(new URL('../../kernel', import.meta.url))

/** Takes so many bytes; or, negative, gives back the one of those taken that the number chooses. */
const steps = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: -1_000, max: -1 })),
  { maxLength: 120 },
)

interface RangeAllocator {
  take(size: number): number | undefined
  giveBack(start: number, size: number): void
}

/** A byte map of the range: the first free part that is large enough. */
class Model implements RangeAllocator {
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
 * What an allocator answers to each step, `null` for no room; then all is given back and the whole
 * range taken at once.
 */
function run(extents: RangeAllocator, sequence: readonly number[]): (number | null)[] {
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

/** The same in Python. */
const PROGRAM = `
import json, sys
from pythreads_kernel.allocator import Allocator

def run(sequence):
    extents, held, answers = Allocator(${START}, ${END}), [], []
    for step in sequence:
        if step > 0:
            start = extents.take(step)
            answers.append(start)
            if start is not None:
                held.append((start, step))
        elif held:
            extents.give_back(*held.pop(-step % len(held)))
    for start, size in held:
        extents.give_back(start, size)
    return [*answers, extents.take(${END - START})]

json.dump([run(sequence) for sequence in json.load(sys.stdin)], sys.stdout)
`

describe('extents', () => {
  it('answer as the model does, and are one part in the end', () => {
    const property = fc.property(steps, (sequence) => {
      const answers = run(new Allocator(START, END), sequence)
      expect(answers).toEqual(run(new Model(), sequence))
      expect(answers.at(-1)).toBe(START)
    })
    fc.assert(property, { numRuns: 500 })
  })

  it('answer the same in Python', () => {
    const sequences = fc.sample(steps, 300)
    const [python] = pythons
    const output = execFileSync(python?.executable ?? '', ['-c', PROGRAM], {
      input: JSON.stringify(sequences),
      env: { ...process.env, PYTHONPATH: KERNEL, PYTHONDONTWRITEBYTECODE: '1' },
    })
    expect(JSON.parse(output.toString())).toEqual(
      sequences.map((sequence) => run(new Model(), sequence)),
    )
  })

  it('never overlap', () => {
    const property = fc.property(steps, (sequence) => {
      const extents = new Allocator(START, END)
      const held: [start: number, end: number, size: number][] = []
      for (const step of sequence) {
        if (step > 0) {
          const start = extents.take(step)
          if (start === undefined) continue
          const end = start + aligned(step)
          expect([start >= START, end <= END, start % 64]).toEqual([true, true, 0])
          expect(held.filter((other) => start < other[1] && other[0] < end)).toEqual([])
          held.push([start, end, step])
        } else if (held.length > 0) {
          const [[start, , size] = [0, 0, 0]] = held.splice(-step % held.length, 1)
          extents.giveBack(start, size)
        }
      }
    })
    fc.assert(property, { numRuns: 300 })
  })

  it('take a range whole, and nothing more', () => {
    const extents = new Allocator(START, END)
    expect(extents.take(END - START + 1)).toBeUndefined()
    expect(extents.take(END - START)).toBe(START)
    expect(extents.take(1)).toBeUndefined()
    extents.giveBack(START, END - START)
    expect(extents.take(1)).toBe(START)
  })
})

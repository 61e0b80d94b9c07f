/**
 * Our allocator against a naive model: ranges that are taken never overlap, lie in the whole range
 * and are aligned; when all are given back, in any order, the whole range is one part again. The
 * kernel's allocator is compared with the model in test/api.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Allocator, aligned } from '../../src/memory/allocator.ts'
import { END, Model, run, START, steps } from '../support/allocator-model.ts'

describe('extents', () => {
  it('return what the model returns, and are one part in the end', () => {
    const property = fc.property(steps, (sequence) => {
      const answers = run(new Allocator(START, END), sequence)
      expect(answers).toEqual(run(new Model(), sequence))
      expect(answers.at(-1)).toBe(START)
    })
    fc.assert(property, { numRuns: 500 })
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

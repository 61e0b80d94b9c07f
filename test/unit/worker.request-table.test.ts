import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RequestTable } from '../../src/worker/request-table.ts'

/** What is done: so many are added, or the one at a place among those that are there is deleted. */
const steps = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: fc.record({ add: fc.integer({ min: 1, max: 40 }) }) },
    { weight: 5, arbitrary: fc.record({ delete: fc.nat() }) },
    { weight: 1, arbitrary: fc.constant({ deleteAll: true }) },
  ),
  { maxLength: 200 },
)

describe('requests by their numbers', () => {
  it('are found while they are there, each under its own number, larger than those before', () => {
    fc.assert(
      fc.property(steps, (todo) => {
        const numbered = new RequestTable<{ id: number }>()
        const model = new Map<number, { id: number }>()
        const gone: number[] = []
        let last = 0
        const remove = (id: number) => {
          numbered.delete(id)
          model.delete(id)
          gone.push(id)
        }
        for (const step of todo) {
          if ('add' in step) {
            for (let i = 0; i < step.add; i++) {
              const item = { id: 0 }
              numbered.add(item)
              expect(item.id).toBeGreaterThan(last)
              last = item.id
              model.set(item.id, item)
            }
          } else if ('delete' in step) {
            const ids = [...model.keys()]
            if (ids.length > 0) remove(ids[step.delete % ids.length] as number)
          } else {
            for (const id of [...model.keys()]) remove(id)
          }
          for (const [id, item] of model) expect(numbered.get(id)).toBe(item)
          for (const id of gone) expect(numbered.get(id)).toBeUndefined()
          expect(numbered.all()).toEqual([...model.values()])
        }
      }),
      { numRuns: 200 },
    )
  })

  it('a request that stays for long keeps its number, and others pass it by', () => {
    const numbered = new RequestTable<{ id: number }>()
    const long = { id: 0 }
    numbered.add(long)
    for (let i = 0; i < 10_000; i++) {
      const short = { id: 0 }
      numbered.add(short)
      expect(numbered.get(short.id)).toBe(short)
      numbered.delete(short.id)
    }
    expect(numbered.get(long.id)).toBe(long)
    expect(numbered.all()).toEqual([long])
  })

  it('no request is there after clear(), and deleting what is not there does nothing', () => {
    const numbered = new RequestTable<{ id: number }>()
    const items = Array.from({ length: 100 }, () => ({ id: 0 }))
    for (const item of items) numbered.add(item)
    numbered.delete(1_000)
    expect(numbered.all()).toEqual(items)
    numbered.clear()
    expect(numbered.all()).toEqual([])
    for (const { id } of items) expect(numbered.get(id)).toBeUndefined()
  })
})

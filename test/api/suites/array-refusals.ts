import { MessageChannel } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NdArray, type Python, type TypedArrayConstructor } from '../../../src/index.ts'
import { ARRAYS, allReturned, areNumbers, numbers, shared } from '../../support/arrays.ts'
import { refusal } from '../../support/outcome.ts'
import { type Placement, start } from '../../support/placement.ts'

/** An array whose memory went to another JavaScript thread. */
function detached(): Float64Array {
  const array = numbers(10)
  const { port1 } = new MessageChannel()
  port1.postMessage(array, [array.buffer as ArrayBuffer])
  port1.close()
  return array
}

/** What cannot be, and what is done another way. */
export function arrayRefusalSuite(place: Placement): void {
  describe('an array', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place, { workers: 1 })
    })
    afterAll(() => py.close())

    it('that was transferred is refused with its path', async () => {
      const before = await shared(py)
      const code = 'ERR_PYTHREADS_VALUE'
      const array = detached()
      expect(await refusal(() => py.run(`${ARRAYS}:sums`, [[1, { a: array }]]))).toMatchObject({
        code,
        path: 'args[0][1].a',
      })
      expect(await refusal(() => py.sync.run(`${ARRAYS}:sums`, [array]))).toMatchObject({
        code,
        path: 'args[0]',
      })
      expect(await refusal(() => py.run(`${ARRAYS}:sums`, [array.buffer]))).toMatchObject({
        code,
        path: 'args[0]',
      })
      const view = new DataView(new ArrayBuffer(8))
      structuredClone(view.buffer, { transfer: [view.buffer] })
      expect(await refusal(() => py.run(`${ARRAYS}:sums`, [view]))).toMatchObject({
        code,
        path: 'args[0]',
      })
      await expect(py.run(`${ARRAYS}:answer_of`, [() => array])).rejects.toThrow()
      await allReturned(py, before)
    })

    it.each([-1, Number.NaN, 1.5, 2 ** 60, Infinity, '5', null, undefined, 5n])(
      'of length %s is not allocated',
      (length) => {
        expect(() => py.alloc(Float64Array, length as number)).toThrow(
          expect.objectContaining({ code: 'ERR_PYTHREADS_ARGUMENT' }),
        )
      },
    )

    it.each([2 ** 50, 2 ** 44])('of length %s has no room', (length) => {
      for (const kind of [Float64Array, Uint8Array]) {
        expect(() => py.alloc(kind, length)).toThrow(
          expect.objectContaining({ code: 'ERR_PYTHREADS_MEMORY' }),
        )
      }
      expect(py.alloc(Float64Array, 3)).toEqual(new Float64Array(3))
    })

    it.each([
      Array,
      DataView,
      Object.getPrototypeOf(Uint8Array),
      ArrayBuffer,
      'Uint8Array',
      undefined,
      () => {},
    ])('of the class %s is not allocated', (kind) => {
      expect(() => py.alloc(kind as TypedArrayConstructor, 5)).toThrow(
        expect.objectContaining({ code: 'ERR_PYTHREADS_ARGUMENT' }),
      )
    })

    it('of no length is allocated', async () => {
      const array = py.alloc(Int16Array, 0)
      expect([array.length, await py.run(`${ARRAYS}:sums`, [array])]).toEqual([0, 0])
    })

    it('is no argument of `bytes` unless it is bytes', () => {
      for (const value of [numbers(1), 'text', null, [1]]) {
        expect(() => py.bytes(value as unknown as Uint8Array)).toThrow(
          expect.objectContaining({ code: 'ERR_PYTHREADS_ARGUMENT' }),
        )
      }
    })

    it('of numbers is no key', async () => {
      const error = { code: 'ERR_PYTHREADS_VALUE' }
      expect(
        await refusal(() => py.run(`${ARRAYS}:sums`, [new Map([[numbers(1), 1]])])),
      ).toMatchObject(error)
      expect(
        await refusal(() => py.run(`${ARRAYS}:sums`, [new Set([[numbers(1)]])])),
      ).toMatchObject(error)
    })
  })

  describe('an NdArray', () => {
    it('is refused where numpy does not load, and its memory is given back', async () => {
      await using py = await start(place, { workers: 1 })
      const before = await shared(py)
      await py.exec('import sys; numpy = sys.modules.get("numpy"); sys.modules["numpy"] = None')
      for (const length of [4, 40_000]) {
        const array = new NdArray({ data: numbers(length), shape: [2, length / 2] })
        for (let turn = 0; turn < 20; turn++) {
          expect(
            await refusal(() =>
              py.run(`${ARRAYS}:sums`, [[numbers(length), array, numbers(length)]]),
            ),
          ).toMatchObject({
            code: 'ERR_PYTHREADS_VALUE',
          })
          expect(await py.run(`${ARRAYS}:sums`, [numbers(100)])).toBe(4_950)
        }
      }
      await py.exec(
        'if numpy is None: del sys.modules["numpy"]\nelse: sys.modules["numpy"] = numpy',
      )
      await allReturned(py, before)
    })
  })

  describe('with little shared memory', () => {
    it('larger arrays cross by the channel', async () => {
      await using py = await start(place, { workers: 2, sharedMemoryMb: 1 })
      const large = numbers(500_000)
      const sum = large.reduce((a, b) => a + b, 0)
      expect(await Promise.all([1, 2, 3, 4].map(() => py.run(`${ARRAYS}:sums`, [large])))).toEqual(
        Array(4).fill(sum),
      )
      expect(py.sync.run(`${ARRAYS}:sums`, [large])).toBe(sum)
      const back = await py.run<Float64Array>(`${ARRAYS}:give`, ['large', 500_000])
      expect([back.length, areNumbers(back)]).toEqual([500_000, true])
      expect(await py.run(`${ARRAYS}:sums`, [['x'.repeat(3_000_000)].slice(1)])).toEqual([])
      const text = 'y'.repeat(3_000_000)
      expect((await py.eval`[${text}, ${text}]`) as string[]).toEqual([text, text])
      const many = await Promise.all(
        Array.from({ length: 20 }, () => py.run<Float64Array>(`${ARRAYS}:give`, ['it', 10_000])),
      )
      expect(many.map(areNumbers)).toEqual(Array(20).fill(true))
    })
  })

  describe.runIf(place.isolation === 'process')('with limited memory', () => {
    it('arrays cross', async () => {
      await using py = await start(place, { workers: 1, limits: { memoryMb: 200 } })
      for (const length of [10_000, 1_000_000]) {
        expect(await py.run(`${ARRAYS}:sums`, [numbers(length)])).toBe((length * (length - 1)) / 2)
        expect(areNumbers(await py.run<Float64Array>(`${ARRAYS}:give`, ['it', length]))).toBe(true)
      }
      const array = py.alloc(Float64Array, 1_000)
      await py.run(`${ARRAYS}:write_to`, [array, 0, 5])
      expect(array[0]).toBe(5)
    })
  })
}

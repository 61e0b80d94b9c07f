import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type MapProgress,
  type Python,
  PythonError,
  type RemoteObject,
} from '../../../src/index.ts'
import { collect, refusal, thrown } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'

const MAPPED = file('mapped.py').pathname
const range = (length: number) => Array.from({ length }, (_, i) => i)

/** A source that counts what was taken from it, and says whether it was told to stop. */
class Source implements Iterable<number> {
  pulled = 0
  returned = 0
  readonly #failAt: number
  constructor(failAt = Number.POSITIVE_INFINITY) {
    this.#failAt = failAt
  }
  *[Symbol.iterator](): Iterator<number> {
    try {
      for (;;) {
        if (this.pulled === this.#failAt) throw new RangeError('the source')
        yield this.pulled++
      }
    } finally {
      this.returned++
    }
  }
}

/** `py.map`. */
export function mapSuite(place: Placement): void {
  describe('map', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place)
    })
    afterAll(() => py.close())

    it.each([1, 7, 1000, 'auto'] as const)(
      'gives the results in order, with chunks of %s',
      async (chunk) => {
        const items = range(2_000)
        expect(await collect(py.map(`${MAPPED}:double`, items, { chunk }))).toEqual(
          items.map((i) => i * 2),
        )
      },
    )

    it('gives all results as they are ready when they need not be in order', async () => {
      const items = range(2_000)
      const results = await collect(py.map<number>(`${MAPPED}:double`, items, { ordered: false }))
      expect(results.sort((a, b) => a - b)).toEqual(items.map((i) => i * 2))
      const slowFirst = await collect(
        py.map(`${MAPPED}:sleeps`, [1, 0, 0, 0, 0, 0], { ordered: false, chunk: 1 }),
      )
      expect(slowFirst.at(-1)).toBe(1)
      expect(await collect(py.map(`${MAPPED}:sleeps`, [0.2, 0, 0], { chunk: 1 }))).toEqual([
        0.2, 0, 0,
      ])
    })

    it('takes any iterable, async ones too', async () => {
      async function* later() {
        for (const i of range(50)) {
          if (i % 10 === 0) await turn()
          yield i
        }
      }
      for (const items of [
        later(),
        new Set(range(50)),
        range(50).values(),
        new Map(range(50).map((i) => [i, 0])).keys(),
      ]) {
        expect(await collect(py.map(`${MAPPED}:double`, items))).toEqual(
          range(50).map((i) => i * 2),
        )
      }
    })

    it('passes keyword arguments to every call', async () => {
      expect(await collect(py.map(`${MAPPED}:double`, range(20), { kwargs: { plus: 1 } }))).toEqual(
        range(20).map((i) => i * 2 + 1),
      )
    })

    it('of nothing gives nothing', async () => {
      const seen: MapProgress[] = []
      expect(
        await collect(
          py.map(`${MAPPED}:double`, [], { onProgress: (progress) => seen.push(progress) }),
        ),
      ).toEqual([])
      expect(await collect(py.map(`${MAPPED}:double`, new Set()))).toEqual([])
      expect(seen).toEqual([])
    })

    it('tells its progress', async () => {
      const seen: MapProgress[] = []
      const onProgress = (progress: MapProgress) => seen.push(progress)
      await collect(py.map(`${MAPPED}:double`, range(100), { chunk: 30, onProgress }))
      expect(seen).toEqual([30, 60, 90, 100].map((done) => ({ done, total: 100 })))
      seen.length = 0
      await collect(py.map(`${MAPPED}:double`, range(5).values(), { chunk: 3, onProgress }))
      expect(seen).toEqual([3, 5].map((done) => ({ done, total: undefined })))
    })

    it('several at once, and calls between them, give each their own', async () => {
      const maps = [0, 1, 2].map((plus) =>
        collect(py.map(`${MAPPED}:double`, range(500), { kwargs: { plus } })),
      )
      const calls = range(100).map((i) => py.eval(`${i}`))
      expect(await Promise.all(calls)).toEqual(range(100))
      expect(await Promise.all(maps)).toEqual(
        [0, 1, 2].map((plus) => range(500).map((i) => i * 2 + plus)),
      )
    })

    it.each([1, 7, 100, 'auto'] as const)(
      'gives the results before an item that fails, then its error, with chunks of %s',
      async (chunk) => {
        const source = new Source()
        const results: unknown[] = []
        const error = await thrown(async () => {
          for await (const result of py.map(`${MAPPED}:fails_at`, source, {
            chunk,
            kwargs: { bad: 57 },
          }))
            results.push(result)
        })
        expect(results).toEqual(range(57))
        expect(error).toBeInstanceOf(PythonError)
        expect(error).toMatchObject({
          type: 'ValueError',
          message: 'item 57',
          index: 57,
          code: 'ERR_PYTHREADS_PYTHON',
        })
        expect(source.returned).toBe(1)
      },
    )

    it('gives a remote object for a result that stays in Python', async () => {
      const results = await collect(
        py.map(`${MAPPED}:odd_at`, range(20), { chunk: 10, kwargs: { bad: 13 } }),
      )
      expect(results.toSpliced(13, 1)).toEqual(range(20).toSpliced(13, 1))
      expect(await (results[13] as RemoteObject).$type()).toBe('builtins:object')
    })

    it('says when the function is not there', async () => {
      expect(await refusal(() => collect(py.map(`${MAPPED}:nothing`, [1])))).toMatchObject({
        code: 'ERR_PYTHREADS_ATTRIBUTE_NOT_FOUND',
      })
      expect(await refusal(() => collect(py.map('there_is_none:f', [1])))).toMatchObject({
        code: 'ERR_PYTHREADS_MODULE_NOT_FOUND',
      })
    })

    it('gives the results before an error of the source, then that error', async () => {
      for (const chunk of [1, 10, 'auto'] as const) {
        const results: unknown[] = []
        const error = await thrown(async () => {
          for await (const result of py.map(`${MAPPED}:double`, new Source(25), { chunk }))
            results.push(result)
        })
        expect(error).toBeInstanceOf(RangeError)
        expect(results).toEqual(range(25).map((i) => i * 2))
      }
    })

    it('tells the source when the consumer has had enough', async () => {
      const source = new Source()
      for await (const result of py.map(`${MAPPED}:double`, source, { chunk: 1 }))
        if (result === 20) break
      expect(source.returned).toBe(1)
      expect(source.pulled).toBeLessThanOrEqual(11 + 5)
      const { pulled } = source
      await sleep(20)
      expect(source.pulled).toBe(pulled)
    })

    it('takes nothing before it is asked for something', async () => {
      const source = new Source()
      const map = py.map(`${MAPPED}:double`, source)
      await turn()
      expect(source.pulled).toBe(0)
      await map.return()
      expect(source.pulled).toBe(0)
    })

    it.each([1, 10])('does not run ahead of a slow consumer, with chunks of %i', async (chunk) => {
      const source = new Source()
      let taken = 0
      for await (const _ of py.map(`${MAPPED}:double`, source, { chunk })) {
        taken++
        if (taken % 20 === 0) await sleep(5)
        // Two chunks for each of two workers, and the one that is being taken.
        expect(source.pulled).toBeLessThanOrEqual(taken + 5 * chunk)
        if (taken === 200) break
      }
      expect(source.returned).toBe(1)
    })

    it('ends with what onProgress throws', async () => {
      const source = new Source()
      const mine = new Error('mine')
      const onProgress = () => {
        throw mine
      }
      expect(await thrown(() => collect(py.map(`${MAPPED}:double`, source, { onProgress })))).toBe(
        mine,
      )
      expect(source.returned).toBe(1)
    })

    it('is not bound by maxQueue, and rejects when its pool is closed or destroyed', async () => {
      const one = await start(place, { maxQueue: 0 })
      expect(await collect(one.map(`${MAPPED}:double`, range(100), { chunk: 1 }))).toEqual(
        range(100).map((i) => i * 2),
      )
      const source = new Source()
      const map = one.map(`${MAPPED}:double`, source, { chunk: 1 })
      expect((await map.next()).value).toBe(0)
      const closed = one.close()
      expect(await refusal(() => collect(map))).toMatchObject({ code: 'ERR_PYTHREADS_CLOSED' })
      await closed
      expect(source.returned).toBe(1)

      const other = await start(place)
      const long = other.map(`${MAPPED}:sleeps`, [0.2, 0.2, 0.2], { chunk: 1 })
      const first = long.next()
      await turn()
      other.destroy('enough')
      expect(await refusal(() => first)).toMatchObject({
        code: 'ERR_PYTHREADS_DESTROYED',
        cause: 'enough',
      })
    })
  })
}

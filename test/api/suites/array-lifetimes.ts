import { setTimeout as sleep } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Python } from '../../../src/index.ts'
import {
  ARRAYS,
  allReturned,
  areNumbers,
  collected,
  numbers,
  SIZES,
  shared,
} from '../../support/arrays.ts'
import { refusal } from '../../support/outcome.ts'
import { type Placement, start } from '../../support/placement.ts'
import { Places } from '../../support/places.ts'
import { healthy, kill, SOON_MS } from '../../support/workers.ts'

/** The checksum of the numbers from 0. */
const checksum = (length: number) => crc32(new Uint8Array(numbers(length).buffer))

/** Kills a worker, and waits until there is another one in its place. */
async function replace(py: Python, worker: number): Promise<void> {
  const { replaced } = py.stats()
  kill(py, worker)
  await expect.poll(() => py.stats().replaced, { timeout: SOON_MS }).toBe(replaced + 1)
}

/** How long memory stays: as long as anybody on either side has it, and no longer. */
export function arrayLifetimeSuite(place: Placement): void {
  const inProcess = place.isolation !== 'process'

  /** Passes arrays that nobody holds here when the call has been made. */
  const pass = (py: Python, target: string, name: string, length: number) =>
    py.run(`${ARRAYS}:${target}`, [name, numbers(length)])
  const passAllocated = (py: Python, name: string, length: number) => {
    const array = py.alloc(Float64Array, length)
    array.set(numbers(length))
    return py.run(`${ARRAYS}:keep`, [name, array])
  }
  /** Takes the memory of anything that was given up too early. */
  const churn = async (py: Python) => {
    for (let turn = 0; turn < 3; turn++) {
      await collected()
      const arrays = SIZES.map((length) => py.alloc(Float64Array, length).fill(-1))
      const others = SIZES.map((length) => new Float64Array(length).fill(-1))
      await Promise.all([...arrays, ...others].map((array) => py.run(`${ARRAYS}:sums`, [array])))
      await Promise.all(SIZES.map((length) => py.run(`${ARRAYS}:give`, ['other', length])))
    }
  }

  describe('an array that Python keeps', () => {
    it('stays right when JavaScript has dropped it, and is given back when Python drops it', async () => {
      await using py = await start(place, { workers: 1 })
      const before = await shared(py)
      for (const length of SIZES) await pass(py, 'keep', `own ${length}`, length)
      for (const length of SIZES) await passAllocated(py, `allocated ${length}`, length)
      await churn(py)
      const kept = SIZES.flatMap((length) =>
        [`own ${length}`, `allocated ${length}`].map((name) => ({ name, length })),
      )
      for (const { name, length } of kept)
        expect(await py.run(`${ARRAYS}:checksum`, [name])).toBe(checksum(length))
      expect(py.stats().memory.lent).toBeGreaterThan(0)
      for (const { name } of kept) await py.run(`${ARRAYS}:drop`, [name])
      await allReturned(py, before)
    })

    it.runIf(place.isolation === 'thread')(
      'stays right when its pool is closed, or destroyed',
      async () => {
        await using other = await start(place, { workers: 1 })
        const before = await shared(other)
        for (const end of ['close', 'destroy'] as const) {
          const py = await start(place, { workers: 1 })
          const names = SIZES.map((length) => [`${end} ${length}`, length] as const)
          for (const [name, length] of names) await pass(py, 'keep', name, length)
          if (end === 'close') await py.close()
          else py.destroy()
          await churn(other)
          for (const [name, length] of names)
            expect(await other.run(`${ARRAYS}:checksum`, [name])).toBe(checksum(length))
          for (const [name] of names) await other.run(`${ARRAYS}:drop`, [name])
          await allReturned(other, before)
        }
      },
    )

    it('is given back when the pool is closed that ran it with exec', async () => {
      await using other = await start(place, { workers: 1 })
      const before = await shared(other)
      for (const end of ['close', 'destroy'] as const) {
        const py = await start(place, { workers: 2 })
        for (const length of SIZES) await py.exec`kept = ${numbers(length)}`
        py.sync.exec`kept_here = ${numbers(10)}`
        if (end === 'close') await py.close()
        else py.destroy()
      }
      await allReturned(other, before)
    })

    it.runIf(place.isolation !== 'thread')(
      'is given back when its pool is closed, or destroyed',
      async () => {
        await using other = await start(place, { workers: 1 })
        const before = await shared(other)
        for (const end of ['close', 'destroy'] as const) {
          const py = await start(place, { workers: 2 })
          for (const length of SIZES) await pass(py, 'keep', `it ${length}`, length)
          for (const length of SIZES) await passAllocated(py, `allocated ${length}`, length)
          if (end === 'close') await py.close()
          else py.destroy()
        }
        await allReturned(other, before)
      },
    )

    it('may be what exec runs with in each worker, also in those that come later', async () => {
      await using py = await start(place, { workers: 2 })
      const sums = () =>
        Promise.all(
          [0, 1].map((worker) =>
            py.run('builtins:eval', ['__import__("zlib").crc32(kept)', {}], { worker }),
          ),
        )
      for (const length of inProcess ? SIZES : SIZES.slice(1)) {
        await py.exec`import builtins; builtins.kept = ${numbers(length)}`
        await churn(py)
        expect(await sums()).toEqual([checksum(length), checksum(length)])
        for (const worker of inProcess ? [] : [1, 0]) {
          await replace(py, worker)
          await healthy(py, 2)
          await churn(py)
          expect(await sums()).toEqual([checksum(length), checksum(length)])
        }
      }
    })

    it('may be an argument of `initialize`', async () => {
      const length = 50_000
      const initialize = { target: `${ARRAYS}:keep`, args: ['first', numbers(length)] }
      await using py = await start(place, { workers: { min: 1, max: 3 }, initialize })
      await churn(py)
      const calls = Array.from({ length: 6 }, () => py.run(`${ARRAYS}:checksum`, ['first']))
      expect(await Promise.all(calls)).toEqual(Array(6).fill(checksum(length)))
      if (!inProcess) {
        kill(py, 0)
        expect(await py.run(`${ARRAYS}:checksum`, ['first'])).toBe(checksum(length))
      }
    })
  })

  describe('an array that JavaScript keeps', () => {
    it('stays right when Python has dropped it, and is freed when JavaScript drops it', async () => {
      await using py = await start(place, { workers: 1 })
      const before = await shared(py)
      const holder = { arrays: [] as Float64Array[] }
      for (const length of SIZES)
        holder.arrays.push(await py.run<Float64Array>(`${ARRAYS}:give`, [`${length}`, length]))
      await churn(py)
      expect(holder.arrays.map(areNumbers)).toEqual(SIZES.map(() => true))
      if (place.isolation === 'thread') {
        expect(py.stats().memory.borrowed).toBeGreaterThanOrEqual(SIZES.length)
        expect(await py.run(`${ARRAYS}:is_there`, [`${SIZES[1]}`])).toBe(true)
      }
      holder.arrays = []
      await allReturned(py, before)
      const isThere = () =>
        Promise.all(SIZES.map((length) => py.run(`${ARRAYS}:is_there`, [`${length}`])))
      await expect.poll(isThere, { timeout: SOON_MS }).toEqual(SIZES.map(() => false))
    })

    it('stays right when its pool is closed, or destroyed, or its worker killed', async () => {
      for (const end of ['close', 'destroy', 'kill'] as const) {
        const py = await start(place, { workers: 1 })
        const arrays: Float64Array[] = []
        for (const length of SIZES)
          arrays.push(await py.run<Float64Array>(`${ARRAYS}:give`, [`${end} ${length}`, length]))
        const sync = py.sync.run<Float64Array>(`${ARRAYS}:give`, ['sync', 50_000])
        if (end === 'kill' && !inProcess) {
          await replace(py, 0)
          await healthy(py, 1)
        }
        if (end === 'destroy') py.destroy()
        else await py.close()
        await using other = await start(place, { workers: 1 })
        await churn(other)
        for (const array of [...arrays, sync]) {
          expect(areNumbers(array)).toBe(true)
          array.fill(1)
          expect(array.every((x) => x === 1)).toBe(true)
        }
      }
    })

    it.runIf(place.isolation === 'thread')(
      'is the same buffer when it comes again, until nobody has it',
      async () => {
        await using py = await start(place, { workers: 2 })
        const before = await shared(py)
        const part = { array: null as Float64Array | null }
        const use = async () => {
          const arrays = [await py.run<Float64Array>(`${ARRAYS}:give`, ['again', 50_000])]
          for (let turn = 0; turn < 10; turn++) {
            arrays.push(
              await py.run(`${ARRAYS}:again`, ['again']),
              py.sync.run(`${ARRAYS}:again`, ['again']),
            )
            await churn(py)
          }
          expect(new Set(arrays.map(({ buffer }) => buffer)).size).toBe(1)
          part.array = await py.run<Float64Array>(`${ARRAYS}:again`, ['again', 40_000])
          arrays[0]?.fill(7)
          expect([arrays.at(-1)?.at(-1), part.array.length, part.array[0]]).toEqual([7, 40_000, 7])
        }
        await use()
        await expect
          .poll(async () => (await shared(py)).borrowed, { timeout: SOON_MS })
          .toBe(before.borrowed + 1)
        expect(await py.run(`${ARRAYS}:is_there`, ['again'])).toBe(true)
        part.array = null
        await allReturned(py, before)
        await expect
          .poll(() => py.run(`${ARRAYS}:is_there`, ['again']), { timeout: SOON_MS })
          .toBe(false)
      },
    )

    it.runIf(place.isolation !== 'thread')(
      'takes no memory for long when it is dropped, and others are kept',
      async () => {
        await using py = await start(place, { workers: 1 })
        const taken = async () => (await py.run<number>(`${ARRAYS}:lent_bytes`)) / 2 ** 20
        const kept = [await py.run<Float64Array>(`${ARRAYS}:give`, ['kept', 100_000])]
        const give = async () => {
          const all: Float64Array[] = []
          for (let n = 0; n < 20; n++)
            all.push(await py.run<Float64Array>(`${ARRAYS}:give`, ['dropped', 500_000]))
          kept.push(await py.run<Float64Array>(`${ARRAYS}:give`, ['kept', 100_000]))
          expect((await py.eval<string>`'x' * 40_000_000`).length).toBe(40_000_000)
          expect(await taken()).toBeGreaterThan(75 + 38)
          expect(all.every(areNumbers)).toBe(true)
        }
        await give()
        const left = async () => {
          await collected()
          return await taken()
        }
        await expect.poll(left, { timeout: SOON_MS }).toBeLessThan(2.5)
        expect(kept.every(areNumbers)).toBe(true)
        expect(areNumbers(await py.run<Float64Array>(`${ARRAYS}:give`, ['again', 500_000]))).toBe(
          true,
        )
      },
    )

    it.runIf(place.isolation === 'thread')('is freed also when its pool is closed', async () => {
      await using other = await start(place, { workers: 1 })
      const before = await shared(other)
      const py = await start(place, { workers: 1 })
      const holder = {
        array: await py.run<Float64Array | null>(`${ARRAYS}:give`, ['closed', 50_000]),
      }
      await py.close()
      expect(holder.array).toEqual(numbers(50_000))
      holder.array = null
      await allReturned(other, before)
      await expect
        .poll(() => other.run(`${ARRAYS}:is_there`, ['closed']), { timeout: SOON_MS })
        .toBe(false)
    })
  })

  describe('an array of a call', () => {
    const arrays = () => SIZES.map(numbers)

    it('that fails is given back', async () => {
      await using py = await start(place, { workers: 1 })
      const before = await shared(py)
      for (const array of arrays()) {
        const error = py.run(`${ARRAYS}:fail`, [array])
        await expect(error).rejects.toMatchObject({ type: 'LookupError' })
        await expect(py.run(`${ARRAYS}:nothing`, [array])).rejects.toMatchObject({
          type: 'AttributeError',
        })
        await expect(py.run('nothing:nothing', [array])).rejects.toMatchObject({
          type: 'ModuleNotFoundError',
        })
        await expect(py.run(`${ARRAYS}:sums`, [array, array])).rejects.toMatchObject({
          type: 'TypeError',
        })
        expect(() => py.sync.run(`${ARRAYS}:fail`, [array])).toThrow(
          expect.objectContaining({ type: 'LookupError' }),
        )
        expect(
          await refusal(() => py.run(`${ARRAYS}:sums`, [[array, Symbol('no')]])),
        ).toMatchObject({
          code: 'ERR_PYTHREADS_VALUE',
          path: 'args[0][1]',
        })
      }
      await allReturned(py, before)
    })

    it('that is cancelled while it runs is right until Python drops it', async () => {
      await using py = await start(place, { workers: 2, graceMs: 60_000 })
      const before = await shared(py)
      for (const timeoutMs of [undefined, 50]) {
        const calls = arrays().map((array) => {
          // One of the two: which of them comes first on a busy machine is not certain.
          const signal = timeoutMs === undefined ? AbortSignal.timeout(100) : undefined
          return refusal(() => py.run(`${ARRAYS}:sleep`, [array, 600], { signal, timeoutMs }))
        })
        const codes = (await Promise.all(calls)).map(({ code }) => code)
        expect(codes).toEqual(
          SIZES.map(() =>
            timeoutMs === undefined ? 'ERR_PYTHREADS_ABORTED' : 'ERR_PYTHREADS_TIMEOUT',
          ),
        )
      }
      await churn(py)
      await allReturned(py, before)
      await healthy(py, 2)
    })

    it('that is cancelled before it runs is given back', async () => {
      await using py = await start(place, { workers: 1 })
      const before = await shared(py)
      await py.run(`${ARRAYS}:sums`, [numbers(1)]) // short: others go to the worker behind it
      const values = Array.from({ length: 50 }, (_, i) => numbers(SIZES[i % 3] as number))
      for (let turn = 0; turn < 4; turn++) {
        const controller = new AbortController()
        const { signal } = controller
        const first = py.run(`${ARRAYS}:sleep`, [numbers(3), 0.4])
        const calls = values.map((array) =>
          py
            .run(`${ARRAYS}:sums`, [array], { signal })
            .catch((error: { code: string }) => error.code),
        )
        if (turn % 2 === 1) await sleep(10)
        controller.abort()
        expect(new Set(await Promise.all(calls))).toEqual(new Set(['ERR_PYTHREADS_ABORTED']))
        await first
      }
      await allReturned(py, before)
    })

    it('that is waiting when the pool is destroyed is given back', async () => {
      await using other = await start(place, { workers: 1 })
      const before = await shared(other)
      const values = SIZES.map(numbers)
      const end = async (target: string, more: unknown[], afterMs: number) => {
        const py = await start(place, { workers: 2 })
        const calls = Array.from({ length: 40 }, (_, i) => {
          const array = values[i % 3] as Float64Array
          const value = i % 2 === 0 ? array : py.alloc(Float64Array, array.length)
          return py
            .run(`${ARRAYS}:${target}`, [value, ...more])
            .catch((error: { code: string }) => error.code)
        })
        await sleep(afterMs)
        py.destroy()
        return Promise.all(calls)
      }
      for (const afterMs of [0, 20, 40])
        expect(await end('sleep', [0.01], afterMs)).toContain('ERR_PYTHREADS_DESTROYED')
      // Short calls are sent one behind the other: some of them are never read.
      for (let turn = 0; turn < (inProcess ? 12 : 4); turn++) await end('sums', [], turn * 2)
      await allReturned(other, before)
    })

    it('whose result nobody awaits is given back', async () => {
      await using py = await start(place, { workers: 1 })
      const before = await shared(py)
      await py.exec('import time, array')
      for (let turn = 0; turn < 10; turn++) {
        const signal = AbortSignal.timeout(5 + turn)
        const code = '[time.sleep(0.012), array.array("d", bytes(800_000)), bytearray(50_000)]'
        await py.run('builtins:eval', [code, { time: null }], { signal }).catch(() => {})
        await py.eval(code).catch(() => {})
      }
      await allReturned(py, before)
    })

    it.runIf(!inProcess)(
      'is right in the second worker when the first one was killed',
      async () => {
        using places = new Places()
        await using py = await start(place, { workers: 2 })
        const before = await shared(py)
        const marker = () => places.path(`${Math.random()}`)
        const killIn = async (length: number) => {
          const array = numbers(length)
          expect(await py.run(`${ARRAYS}:die`, [array, marker()], { retry: 1 })).toBe(
            checksum(length),
          )
          const allocated = py.alloc(Float64Array, length)
          allocated.set(array)
          expect(await py.run(`${ARRAYS}:die`, [allocated, marker()], { retry: 1 })).toBe(
            checksum(length),
          )
          expect(await refusal(() => py.run(`${ARRAYS}:die`, [array, marker()]))).toMatchObject({
            code: 'ERR_PYTHREADS_WORKER_DIED',
          })
        }
        for (const length of SIZES) await killIn(length)
        await healthy(py, 2)
        await allReturned(py, before)
      },
    )
  })
}

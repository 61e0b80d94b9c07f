import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kw, type Python, PythonError } from '../../../src/index.ts'
import { refusal, thrown } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'

const CALLS = file('calls.py').pathname

/** `py.sync`: calls that wait on the JavaScript thread. */
export function syncSuite(place: Placement): void {
  const inThread = place.isolation === 'thread'

  describe('sync', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place)
    })
    afterAll(() => py.close())

    it('calls functions', () => {
      const json = py.sync.import('json')
      expect(json.dumps?.({ id: 1 })).toBe('{"id": 1}')
      expect(json.dumps?.({ b: 1, a: 2 }, kw({ sort_keys: true }))).toBe('{"a": 2, "b": 1}')
      expect(py.sync.import(file('calls.py')).echo?.(1, kw({ two: 2 }))).toEqual([[1], { two: 2 }])
      expect(py.sync.run(`${CALLS}:echo`, [1], { kwargs: { two: 2 } })).toEqual([[1], { two: 2 }])
      expect(py.sync.run('math:floor', [2.5])).toBe(2)
    })

    it('reads attributes as they are now, and goes into modules and classes', () => {
      const calls = py.sync.import(file('calls.py'))
      expect([calls.ANSWER, calls.NOTHING, calls.TABLE]).toEqual([
        42,
        null,
        { a: [1, 2], nested: { deep: true } },
      ])
      const before = calls.counted as unknown as number
      calls.count?.()
      expect(calls.counted).toBe(before + 1)
      expect(calls.Point?.ORIGIN).toEqual([0, 0])
      expect(calls.Point?.Inner?.deep?.()).toBe('deep')
      expect(calls.Point?.shifted?.(1)).toEqual([1, 1])
      const os = py.sync.import('os')
      expect(os.path?.join?.('a', 'b')).toBe('a/b')
      expect(os.sep).toBe('/')
      expect(os.path).toBe(os.path)
      for (const name of ['call', 'apply', 'bind', 'constructor', 'toString'])
        expect(calls[name]?.(1)).toEqual([name, 1])
      expect([calls.name, calls.length, calls.prototype]).toEqual(['the name', 7, 'the prototype'])
    })

    it('a module, and what is called or gone into, have the operations of an object and nothing to let go of', async () => {
      const json = py.sync.import('json')
      for (const module of [json, json.decoder]) {
        expect(module.$type()).toBe('builtins:module')
        expect(module.$dir()).toContain('__name__')
        expect(module.$get('__name__')).toMatch(/^json/)
        expect(await refusal(() => module.$length())).toMatchObject({ type: 'TypeError' })
        {
          using _ = module
        }
        module.$dispose()
        expect(module.$is(module)).toBe(true)
      }
      json.dumps.$dispose()
      expect(json.dumps([1])).toBe('[1]')
    })

    it('evaluates and executes', async () => {
      expect(py.sync.eval`sum(${[1, 2, 3]})`).toBe(6)
      py.sync.exec`
        LOCAL = ${5}
        def local(x): return x + LOCAL
      `
      expect(py.sync.eval('local(1)')).toBe(6)
      const seen = await py.eval('LOCAL').catch((error: PythonError) => error.type)
      expect(seen).toBe(inThread ? 5 : 'NameError')
    })

    it('sees what exec has run in the workers, before and after its first call', async () => {
      await using one = await start(place, { workers: 1 })
      await one.exec('a = 1')
      await one.exec('raise ValueError()').catch(() => {})
      expect(one.sync.eval('a')).toBe(1)
      await one.exec('a += 1\nb = 3')
      expect(one.sync.eval('[a, b]')).toEqual([2, 3])
      expect(one.sync.eval('[a, b]')).toEqual([2, 3])
    })

    it('runs on this thread in thread isolation, else in a worker of its own', async () => {
      const [pid] = py.sync.run<[number, number]>(`${CALLS}:where`)
      const workers = await Promise.all(
        [0, 1].map((worker) => py.run(`${CALLS}:where`, [], { worker })),
      )
      expect(pid === process.pid).toBe(place.isolation !== 'process')
      expect(workers).not.toContainEqual(py.sync.run(`${CALLS}:where`))
    })

    it('returns while all workers are busy', async () => {
      expect(py.sync.eval('1')).toBe(1) // which starts what serves sync calls
      const busy = Array.from({ length: 4 }, () => py.run(`${CALLS}:sleep`, [0.5]))
      expect(py.sync.eval('1 + 1')).toBe(2)
      expect(py.stats().running).toBe(2)
      await Promise.all(busy)
    })

    it.each([10, 64 * 1024 - 40, 64 * 1024, 1_100_000, 20_000_000])(
      'returns %i characters',
      (length) => {
        expect(py.sync.run<string>(`${CALLS}:text`, [length]).length).toBe(length)
        expect(py.sync.run(`${CALLS}:size`, ['x'.repeat(length)])).toBe(length)
        expect(
          py.sync.run<string>(`${CALLS}:identity`, ['y'.repeat(length)]) === 'y'.repeat(length),
        ).toBe(true)
      },
    )

    it('returns results of sizes around that of its buffer', () => {
      for (let length = 65_536 - 40; length < 65_536 + 10; length++) {
        expect(py.sync.run<string>(`${CALLS}:text`, [length]).length).toBe(length)
      }
    })

    it('keeps a large result and the next one apart', () => {
      const large = py.sync.run<number[]>(`${CALLS}:numbers`, [300_000])
      const bytes = py.sync.eval<Uint8Array>('b"ab" * 100')
      py.sync.eval('b"xy" * 100')
      expect([large.length, large.at(-1), bytes[0]]).toEqual([300_000, 299_999, 97])
    })

    it('makes many calls', () => {
      const identity = py.sync.import(file('calls.py')).identity
      for (let i = 0; i < 2_000; i++) expect(identity?.(i)).toBe(i)
    })

    it('throws what Python raises, with the frames of both', async () => {
      function theCaller(): unknown {
        return py.sync.run(`${file('failing.py').pathname}:value`, ['\n    at nowhere'])
      }
      const error = await refusal(theCaller)
      expect(error).toBeInstanceOf(PythonError)
      expect(error).toMatchObject({
        type: 'ValueError',
        code: 'ERR_PYTHREADS_PYTHON',
        message: '\n    at nowhere',
      })
      expect(error.stack).toMatch(/^PythonError \[ValueError\]: /)
      expect(error.stack).toMatch(/\n {4}at theCaller \(.*sync\.ts:\d+/)
      expect(error.stack).toMatch(/\n {4}at value \(.*failing\.py:\d+:\d+\)\n/)
    })

    it.each([
      ['raise SystemExit(3)', 'SystemExit'],
      ['raise KeyboardInterrupt', 'KeyboardInterrupt'],
      ['def f(): return f()\nf()', 'RecursionError'],
      ['x = (', 'SyntaxError'],
    ])('throws what Python raises: %j', async (source, type) => {
      expect(await refusal(() => py.sync.exec(source))).toMatchObject({ type })
      expect(py.sync.eval('1')).toBe(1)
    })

    it('says what is not there', async () => {
      const refused = (use: () => unknown) =>
        refusal(use).then(({ code }) => code.replace('ERR_PYTHREADS_', ''))
      expect(await refused(() => py.sync.import('there_is_none'))).toBe('MODULE_NOT_FOUND')
      expect(await refused(() => py.sync.import('./none.py'))).toBe('MODULE_NOT_FOUND')
      expect(await refused(() => py.sync.import('json').dumsp)).toBe('ATTRIBUTE_NOT_FOUND')
      expect(await refused(() => py.sync.run('json:dumsp'))).toBe('ATTRIBUTE_NOT_FOUND')
      expect(await refused(() => py.sync.run('math:pi'))).toBe('NOT_CALLABLE')
      expect(await refused(() => py.sync.eval('{float("nan"), float("nan")}'))).toBe('VALUE')
      expect(await refused(() => py.sync.run('json:dumps', [1], { kwarg: {} } as never))).toBe(
        'UNKNOWN_OPTION',
      )
    })

    it('an attribute that holds something to call is a value all the same', () => {
      py.sync.exec('import json; json.mixed = [1, len]')
      const [one, len] = py.sync.import('json').mixed as unknown as [
        number,
        (text: string) => number,
      ]
      expect([one, len('four')]).toEqual([1, 4])
    })

    it('cannot set attributes', async () => {
      expect(await thrown(() => Object.assign(py.sync.import('json'), { a: 1 }))).toBeInstanceOf(
        TypeError,
      )
    })

    it('of a closed or destroyed pool is refused', async () => {
      for (const end of [(pool: Python) => pool.close(), (pool: Python) => pool.destroy()]) {
        const used = await start(place, { workers: 1 })
        const module = used.sync.import('math')
        expect(module.floor?.(1.5)).toBe(1)
        const unused = await start(place, { workers: 1 })
        await Promise.all([end(used), end(unused)])
        for (const call of [
          () => used.sync.eval('1'),
          () => unused.sync.eval('1'),
          () => module.floor?.(1.5),
        ]) {
          expect(await refusal(call)).toMatchObject({ code: 'ERR_PYTHREADS_CLOSED' })
        }
      }
    })
  })
}

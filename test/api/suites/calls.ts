import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kw, type Python, type RemoteModule } from '../../../src/index.ts'
import { refusal } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'

/** Calling functions and reading attributes, by `import` and by `run`. */
export function callSuite(place: Placement): void {
  describe('a call', () => {
    let py: Python
    let calls: RemoteModule
    beforeAll(async () => {
      py = await start(place)
      calls = py.import(file('calls.py'))
    })
    afterAll(() => py.close())

    it('returns the value of the function', async () => {
      expect(await py.import('json').dumps?.({ id: 1 })).toBe('{"id": 1}')
      expect(await py.run('json:dumps', [{ id: 1 }])).toBe('{"id": 1}')
      expect(await py.run('math:floor', [2.5])).toBe(2)
    })

    it('takes keyword arguments', async () => {
      expect(await calls.echo?.(1, 'two', kw({ three: 3, four: [4] }))).toEqual([
        [1, 'two'],
        { three: 3, four: [4] },
      ])
      expect(await calls.echo?.(kw({}))).toEqual([[], {}])
      expect(await calls.echo?.(kw({ self: 1, if: 2, 'a b': 3, é: 4, __proto_: 5 }))).toEqual([
        [],
        { self: 1, if: 2, 'a b': 3, é: 4, __proto_: 5 },
      ])
      expect(await calls.strict?.(1, kw({ second: 2 }))).toEqual([1, 2, 3])
      expect(
        await py.import('json').dumps?.({ b: 1, a: 2 }, kw({ sort_keys: true, indent: 1 })),
      ).toBe('{\n "a": 2,\n "b": 1\n}')
      expect(await py.run('json:dumps', [{ b: 1, a: 2 }], { kwargs: { sort_keys: true } })).toBe(
        '{"a": 2, "b": 1}',
      )
    })

    it('takes an object as an argument where it is not made by kw()', async () => {
      expect(await calls.echo?.({ a: 1 })).toEqual([[{ a: 1 }], {}])
    })

    it('takes many arguments', async () => {
      const many = Array.from({ length: 500 }, (_, i) => i)
      expect(await calls.echo?.(...many)).toEqual([many, {}])
    })

    it('with keyword arguments that are not last is refused', async () => {
      const error = await refusal(() => calls.echo?.(kw({ a: 1 }), 2))
      expect(error).toMatchObject({ code: 'ERR_PYTHREADS_VALUE', path: 'args[0]' })
    })

    it('of a method or of an attribute of a class returns its value', async () => {
      expect(await calls.Point?.shifted?.(3)).toEqual([3, 3])
      expect(await calls.Point?.Inner?.deep?.()).toBe('deep')
      expect(await py.run(`${file('calls.py').pathname}:Point.Inner.deep`)).toBe('deep')
    })

    it('of a function whose name means something in JavaScript returns its value', async () => {
      for (const name of ['call', 'apply', 'bind', 'constructor', 'toString']) {
        expect(await calls[name]?.(1)).toEqual([name, 1])
      }
    })

    it('returns to each of many callers the result of that caller', async () => {
      const all = Array.from({ length: 500 }, (_, i) => i)
      expect(await Promise.all(all.map((i) => calls.identity?.({ i })))).toEqual(
        all.map((i) => ({ i })),
      )
    })

    it('goes to the worker that it names', async () => {
      const where = (worker: number) =>
        py.run<[number, number]>(`${file('calls.py').pathname}:where`, [], { worker })
      const [first, second, again] = await Promise.all([where(0), where(1), where(0)])
      expect(first).not.toEqual(second)
      expect(again).toEqual(first)
      if (place.isolation === 'process') expect(first[0]).not.toBe(second[0])
      else expect([first[0], second[0]]).toEqual([process.pid, process.pid])
    })
  })

  describe('an attribute', () => {
    let py: Python
    let calls: RemoteModule
    beforeAll(async () => {
      py = await start(place)
      calls = py.import(file('calls.py'))
    })
    afterAll(() => py.close())

    it('is read by awaiting it', async () => {
      expect(await calls.ANSWER).toBe(42)
      expect(await calls.NOTHING).toBe(null)
      expect(await calls.TABLE).toEqual({ a: [1, 2], nested: { deep: true } })
      expect(await calls.Point?.ORIGIN).toEqual([0, 0])
      expect(await calls.Point?.Inner?.DEPTH).toBe(2)
      expect(await py.import('json.decoder').NaN).toBe(Number.NaN)
      expect(await py.import('json').decoder?.NaN).toBe(Number.NaN)
    })

    it('is read whatever its name means in JavaScript', async () => {
      expect(await Promise.all([calls.name, calls.length, calls.prototype])).toEqual([
        'the name',
        7,
        'the prototype',
      ])
    })

    it('is read anew each time', async () => {
      const one = await start(place, { workers: 1 })
      const counting = one.import(file('calls.py'))
      const before = (await counting.counted) as number
      await counting.count?.()
      expect(await counting.counted).toBe(before + 1)
      await one.close()
    })

    it('that is no plain value is a remote object', async () => {
      expect(inspect(await calls.echo)).toBe('[Python function calls.echo]')
      expect(inspect(await calls.Point)).toBe('[Python class calls.Point]')
    })

    it('is the same object each time, and cannot be set', () => {
      expect(calls.Point).toBe(calls.Point)
      expect(calls.Point?.Inner).toBe(calls.Point?.Inner)
      expect(() => Object.assign(calls, { ANSWER: 1 })).toThrow(TypeError)
      expect(() => Object.assign(calls.Point ?? {}, { ORIGIN: 1 })).toThrow(TypeError)
    })

    it('and a module say what they are, and are themselves as arguments', async () => {
      const json = py.import('json')
      expect(inspect({ json, dumps: json.dumps })).toBe(
        '{ json: [Python module json], dumps: [Python json:dumps] }',
      )
      expect(`${json} ${json.dumps}`).toBe('[Python module json] [Python json:dumps]')
      expect(await py.eval`${json}.__name__`).toBe('json')
      expect(await py.eval`${[json.dumps]}[0]([1])`).toBe('[1]')
      expect(await py.eval`${await json} is ${json} is ${py.sync.import('json')}`).toBe(true)
      for (const value of [json, json.dumps, await json]) {
        expect(() => JSON.stringify({ value })).toThrow(
          expect.objectContaining({ code: 'ERR_PYTHREADS_JSON' }),
        )
      }
    })
  })
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { NdArray, type Python, PythonScalar, type RemoteObject } from '../../../src/index.ts'
import { refusal } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'

const MODULE = file('made.py').pathname

/** What `JSON.stringify` writes for what comes from Python, and what it refuses. */
export function jsonSuite(place: Placement): void {
  describe('JSON', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place, { workers: 1 })
    })
    afterAll(() => py.close())
    const make = <R = RemoteObject>(source: string) => py.run<R>(`${MODULE}:make`, [source])

    it('of what stays in Python is refused, with its type and its key', async () => {
      const objects: Record<string, [value: unknown, name: string]> = {
        object: [await make('Node(1)'), 'made'],
        class: [await make('Node'), 'class made'],
        function: [await make('chain'), 'function made'],
        generator: [await make('items("1")'), 'generator object'],
        module: [await make('threading'), 'module threading'],
        'module to import': [py.import('math'), 'module math'],
        'module that was imported': [await py.import('math'), 'module math'],
        attribute: [py.import('math')['sqrt'], 'math:sqrt'],
        'attribute of an object': [(await make('Node(1)'))['value'], 'attribute value'],
        'object of a sync call': [py.sync.run(`${MODULE}:make`, ['Node(1)']), 'made'],
        'module of a sync call': [py.sync.import('math'), 'module math'],
        'function of a sync call': [py.sync.import('math')['sqrt'], 'math:sqrt'],
      }
      for (const [title, [value, name]] of Object.entries(objects)) {
        const message = expect.stringContaining(name)
        const code = 'ERR_PYTHREADS_JSON'
        for (const json of [{ key: value }, [{ key: value }]]) {
          expect(await refusal(() => JSON.stringify(json)), title).toMatchObject({
            code,
            message,
            path: 'key',
          })
        }
        expect(await refusal(() => JSON.stringify([0, value])), title).toMatchObject({
          code,
          message,
          path: '1',
        })
        const alone = await refusal(() => JSON.stringify(value))
        expect(alone, title).toMatchObject({
          code,
          message: expect.stringMatching(/copy: true.*toJS\(\)/),
        })
        expect(alone).toHaveProperty('path', undefined)
        // Some serializers call it without a key.
        expect(await refusal(() => (value as { toJSON(): unknown }).toJSON()), title).toMatchObject(
          { code },
        )
      }
    })

    it('makes no call to Python', async () => {
      const object = await make('Node(1)')
      const { calls } = py.stats()
      await refusal(() => JSON.stringify({ object }))
      expect(py.stats().calls).toBe(calls)
    })

    it('does not hide an attribute of that name', async () => {
      const object = await make('SimpleNamespace(toJSON=5)')
      expect([await object['toJSON'], await object.$get('toJSON')]).toEqual([5, 5])
      await py.module(
        'from types import SimpleNamespace\ntoJSON = 6\ninner = SimpleNamespace(toJSON=7)',
        'has_json',
      )
      expect(await py.import('has_json')['toJSON']).toBe(6)
      expect(await py.import('has_json')['inner']?.['toJSON']).toBe(7)
    })

    it('of a copy is the contents', async () => {
      const copy = await py.run(
        `${MODULE}:make`,
        ['{"node": Node(1, [Level.HIGH, datetime(2024, 1, 2)])}'],
        { copy: true },
      )
      expect(JSON.stringify(copy)).toBe('{"node":{"value":1,"next":[2,"2024-01-02T00:00:00"]}}')
    })

    it('of dicts with other keys than texts, and of sets, is what Python writes', async () => {
      const dict = '{1: {"a": {2.5: {True: None}}}, None: [{1, "x"}, frozenset()], "b": (1,)}'
      const value = await make<object>(dict)
      expect(value).toStrictEqual(new Map<unknown, unknown>([
        [1, { a: new Map([[2.5, new Map([[true, null]])]]) }],
        [null, [new Set([1, 'x']), new Set()]],
        ['b', [1]],
      ])) // biome-ignore format: one line
      const written = JSON.parse(JSON.stringify(value))
      expect(written).toEqual({
        1: { a: { 2.5: { true: null } } },
        null: [expect.arrayContaining([1, 'x']), []],
        b: [1],
      })
      const dates = await make<object>(
        '{date(2024, 1, 2): 1, datetime(2024, 1, 2, tzinfo=timezone.utc): 2}',
      )
      expect(JSON.stringify(dates)).toBe('{"2024-01-02":1,"2024-01-02T00:00:00.000Z":2}')
      expect(JSON.stringify(await make('{1: 1, "__proto__": 2}'))).toBe('{"1":1,"__proto__":2}')
      const twice = await make<unknown[]>('(lambda f: [f, f, [f]])(frozenset({1}))')
      expect(JSON.stringify(twice)).toBe('[[1],[1],[[1]]]')
      for (const source of [
        '{(1, 2): 3}',
        '{1: 1, "1": 2}',
        '{frozenset(): 1}',
        '{b"a": 1}',
        '{len: 1}',
      ]) {
        const value = await make<object>(source)
        expect(await refusal(() => JSON.stringify({ value })), source).toMatchObject({
          code: 'ERR_PYTHREADS_JSON',
          path: 'value',
        })
      }
    })

    it('of a PythonScalar is its text, and of an NdArray its nested numbers', async () => {
      expect(JSON.stringify({ price: new PythonScalar('decimal.Decimal', '1.10') })).toBe(
        '{"price":"1.10"}',
      )
      expect(JSON.stringify(await make('[date(2024, 1, 2), timedelta(1)]'))).toBe(
        '["2024-01-02","P1DT0.000000S"]',
      )
      expect(JSON.stringify(await make('memoryview(b"abcd").cast("B", (2, 2))'))).toBe(
        '[[97,98],[99,100]]',
      )
      const matrix = new NdArray({ data: new Float64Array([1, Number.NaN]), shape: [1, 2] })
      expect(JSON.stringify({ matrix })).toBe('{"matrix":[[1,null]]}')
    })
  })
}

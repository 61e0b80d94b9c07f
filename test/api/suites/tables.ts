/**
 * Tables cross as Arrow, with every type, null and dictionary: pyarrow says itself whether what
 * came back is what it was. Free-threaded builds have no wheel of polars; there the rest is tested.
 */
import { type Table, tableFromArrays } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromArrow, type TableKind, toArrow } from '../../../src/arrow.ts'
import type { Python, RemoteModule } from '../../../src/index.ts'
import { refusal } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'

const COLUMNS = [
  ...[
    'int8',
    'uint64',
    'int64',
    'float32',
    'float64',
    'bool',
    'text',
    'bytes',
    'date',
    'time',
    'decimal',
    'list',
    'struct',
  ],
  ...['dictionary', 'null'],
]

export function tableSuite(place: Placement, kinds: readonly string[]): void {
  describe('a table', () => {
    let py: Python
    let made: RemoteModule
    beforeAll(async () => {
      py = await start(place)
      made = py.import(file('tables.py'))
    })
    afterAll(() => py.close())

    it.each(COLUMNS)('with a column of %s comes here and goes back as it was', async (name) => {
      const table = await toArrow(made['column']?.(name))
      expect([table.numRows, table.schema.names]).toEqual([3, [name]])
      expect(await made['same']?.(fromArrow(table), name)).toEqual([true, true])
    })

    it('has the values that it had', async () => {
      const values = async (name: string) => [
        ...((await toArrow(made['column']?.(name))).getChild(name) ?? []),
      ]
      expect(await values('float64')).toEqual([0.1, null, -0])
      expect(await values('int64')).toEqual([1n, null, -(2n ** 63n)])
      expect(await values('text')).toEqual(['a', null, '\u{1f600}'])
      expect(await values('dictionary')).toEqual(['x', null, 'x'])
      expect(await values('null')).toEqual([null, null, null])
    })

    it.each(kinds)('of %s comes here with its categories', async (kind) => {
      for (const rows of [0, 2, 100_000]) {
        if (rows === 0 && kind === 'batch') continue // a table without rows has no batches
        const table = await toArrow(made['frame']?.(kind, rows))
        expect(table.numRows).toBe(rows)
        expect(String(table.schema.fields.find(({ name }) => name === 'city')?.type)).toMatch(
          /^Dictionary/,
        )
        if (rows === 0) continue
        expect([
          table.getChild('id')?.get(rows - 1),
          table.getChild('city')?.get(rows - 1),
        ]).toEqual([BigInt(rows - 1), 'Oslo'])
      }
    })

    it.each(kinds.filter((kind) => kind !== 'batch'))(
      'goes to Python as one of %s',
      async (kind) => {
        const table = tableFromArrays({ id: Int32Array.from({ length: 100_000 }, (_, i) => i) })
        const name = kind === 'pyarrow' ? 'Table' : 'DataFrame'
        expect(await made['kind_and_sum']?.(fromArrow(table, kind as TableKind))).toEqual([
          kind,
          name,
          4_999_950_000,
        ])
      },
    )

    it('of a million rows comes and goes', async () => {
      const table = await toArrow(made['frame']?.('pyarrow', 1_000_000))
      expect(table.getChild('id')?.get(999_999)).toBe(999_999n)
      expect(await made['kind_and_sum']?.(fromArrow(table))).toEqual([
        'pyarrow',
        'Table',
        499_999_500_000,
      ])
    })

    it('of several chunks is one', async () => {
      expect([...((await toArrow(made['chunked']?.())).getChild('n') ?? [])]).toEqual([1n, 2n, 3n])
    })

    it('crosses within other values', async () => {
      const table = fromArrow(tableFromArrays({ n: new Int32Array(2) }))
      expect(await made['within']?.({ tables: [table, table] })).toEqual(['Table', 2])
    })

    it('of a class of its own, or of a type that apache-arrow does not know', async () => {
      expect((await toArrow(made['own_frame']?.())).getChild('n')?.get(0)).toBe(1n)
      expect(await refusal(() => toArrow(made['unknown_type']?.()))).toMatchObject({
        code: 'ERR_PYTHREADS_VALUE',
      })
    })

    it('that is none is refused', async () => {
      for (const value of [py.eval('object()'), 5, [1], null, undefined, py.eval('5')]) {
        expect(await refusal(() => toArrow(value))).toMatchObject({ code: 'ERR_PYTHREADS_VALUE' })
      }
      expect(() => fromArrow({} as Table)).toThrow(
        expect.objectContaining({ code: 'ERR_PYTHREADS_ARGUMENT' }),
      )
      expect(() =>
        fromArrow(tableFromArrays({ n: new Int32Array(1) }), 'duckdb' as TableKind),
      ).toThrow(expect.objectContaining({ code: 'ERR_PYTHREADS_ARGUMENT' }))
    })
  })
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  NdArray,
  type Python,
  PythonDate,
  PythonScalar,
  type RemoteObject,
} from '../../../src/index.ts'
import { refusal } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'
import { same } from './conversions.ts'

const MODULE = file('packaged.py').pathname
const scalar = (type: PythonScalar['type'], text: string) => new PythonScalar(type, text)
const at = (text: string) => scalar('datetime.datetime', text)
const matrix = (...data: number[]) =>
  new NdArray({ data: new Float64Array(data), shape: [data.length / 2, 2] })

/** Python expressions, and what their copies are. */
const COPIES: readonly (readonly [source: string, copy: unknown])[] = [
  ['pd.Timestamp("2024-01-02T03:04:05.000006")', at('2024-01-02T03:04:05.000006')],
  [
    'pd.Timestamp("2024-01-02T03:04:05.000006", tz="UTC")',
    PythonDate.of('2024-01-02T03:04:05.000006+00:00'),
  ],
  [
    'pd.Timestamp("2024-01-02T03:04:05.000006007")',
    scalar('numpy.datetime64', '2024-01-02T03:04:05.000006007'),
  ],
  ['pd.Timedelta("1D 2s")', scalar('datetime.timedelta', 'P1DT2.000000S')],
  ['pd.Timedelta(5, "ns")', scalar('numpy.timedelta64', '5[ns]')],
  [
    '[pd.NaT, pd.NA, np.datetime64("NaT", "ns"), np.timedelta64("NaT", "s")]',
    [null, null, null, null],
  ],
  ['{"a": (pd.NA, {"b": pd.NaT})}', { a: [null, { b: null }] }],
  ['np.datetime64("2024-01-02")', scalar('datetime.date', '2024-01-02')],
  ['np.datetime64("2024-01")', scalar('datetime.date', '2024-01-01')],
  ['np.datetime64("2024-01-02T03:04:05.000006000", "ns")', at('2024-01-02T03:04:05.000006')],
  [
    'np.datetime64("2024-01-02T03:04:05.000006007")',
    scalar('numpy.datetime64', '2024-01-02T03:04:05.000006007'),
  ],
  ['np.timedelta64(5, "s")', scalar('datetime.timedelta', 'P0DT5.000000S')],
  ['np.longdouble("1.5")', 1.5],
  ['np.clongdouble(1j)', scalar('complex', '1j')],
  [
    '[np.str_("a"), np.bytes_(b"a"), np.float32(1.5), np.int8(3), np.bool_(True)]',
    ['a', new Uint8Array([97]), 1.5, 3, true],
  ],
  ['records', [{ x: 1, y: 'a', z: new Float64Array([1, 2]), r: { s: 'b', t: true } }]],
  ['records[0]', { x: 1, y: 'a', z: new Float64Array([1, 2]), r: { s: 'b', t: true } }],
  [
    'records.view(np.recarray)[0]',
    { x: 1, y: 'a', z: new Float64Array([1, 2]), r: { s: 'b', t: true } },
  ],
  ['np.void(b"ab")', new Uint8Array([97, 98])],
  ['np.array(["a", "b"])', ['a', 'b']],
  ['np.array([Attrs(1)], object)', [{ x: 1, _private: null }]],
  ['np.ma.array([1, 2], mask=[False, True])', [1, null]],
  ['np.matrix([[1.0, 2.0], [3.0, 4.0]])', matrix(1, 2, 3, 4)],
  ['np.array([1.5, 2], "g")', [1.5, 2]],
  ['pd.Series([1, 2])', [1, 2]],
  ['pd.Series(["a", None], dtype="string")', ['a', null]],
  ['pd.Index(["a", "b"])', ['a', 'b']],
  ['pd.array([1, None], dtype="Int64")', [1, null]],
  ['pd.Categorical(["a", "b"])', ['a', 'b']],
  [
    'frame',
    [
      {
        ...{
          id: 1,
          at: at('2024-01-01T12:00:00'),
          zoned: PythonDate.of('2024-01-01T12:00:00.000001+00:00'),
        },
        ...{
          took: scalar('datetime.timedelta', 'P1DT0.000000S'),
          kind: 'a',
          count: 1,
          any: { x: 1, _private: null },
        },
      },
      {
        id: 2,
        at: null,
        zoned: null,
        took: null,
        kind: Number.NaN,
        count: null,
        any: { b: { x: 1 } },
      },
    ],
  ],
  ['pd.DataFrame({1: [1], "a": [2]})', [new Map<unknown, unknown>([[1, 1], ['a', 2]])]], // biome-ignore format: one line
  ['pd.DataFrame({"a": []})', []],
  ['[Attrs(Attrs(1, 2))]', [{ x: { x: 1, _private: 2 }, _private: null }]],
  [
    'Model2(x=1, secret="s", child=Model2(x=2))',
    { x: 1, child: { x: 2, more: 5, twice: 4 }, more: 5, twice: 2 },
  ],
  ['Root2(root=[Attrs(1)])', [{ x: 1, _private: null }]],
  ['Model1(x=Attrs(1), secret=2, more=3)', { x: { x: 1, _private: null }, more: 3 }],
  ['torch.Tensor([[1.0, 2.0]])', matrix(1, 2)],
  [
    'scipy_sparse.spmatrix("csr", (1, 2), [5], indices=[1], indptr=[0, 1])',
    { format: 'csr', shape: [1, 2], data: [5], indices: [1], indptr: [0, 1] },
  ],
  [
    'scipy_sparse.spmatrix("dia", (1, 2), [5], offsets=[1])',
    { format: 'dia', shape: [1, 2], data: [5], offsets: [1] },
  ],
  [
    'scipy_sparse.spmatrix("dok", (1, 2), [5])',
    { format: 'coo', shape: [1, 2], data: [5], row: [0], col: [1] },
  ],
  [
    'scipy_sparse.spmatrix("coo", (2,), [5], coords=([1],))',
    { format: 'coo', shape: [2], data: [5], coords: [[1]] },
  ],
  ['torch.Parameter([1.5])', new Float64Array([1.5])],
  ['torch.Tensor([1.5], layout="sparse")', new Float64Array([1.5])],
  ['torch.Tensor([1.5], has_numpy=False)', new Float32Array([1.5])],
]

/** What is the same value again when it goes back, without being copied. */
const EXACT: readonly string[] = [
  ...[
    '"2024"',
    '"2024-01"',
    '"2024-01-02"',
    '"2024-01-02T03"',
    '"2024-01-02T03:04"',
    '"2024-01-02T03:04:05.000006007"',
  ],
  ...['"2024-01-04", "W"', '7, "25s"', '"NaT"', '"NaT", "ns"', '"-0044-03-15"'],
].map((args) => `np.datetime64(${args})`)
const DURATIONS = ['5, "ns"', '-5, "D"', '"NaT", "s"', '3, "25s"', '2, "Y"'].map(
  (args) => `np.timedelta64(${args})`,
)

/** Copies of what well-known packages make. */
export function packagedSuite(place: Placement): void {
  describe('a value of a package', () => {
    let py: Python
    let copying: Python
    beforeAll(async () => {
      py = await start(place, { workers: 1 })
      copying = await start(place, { workers: 1, copy: true })
    })
    afterAll(() => Promise.all([py.close(), copying.close()]))

    it.each(COPIES)('is copied: %s', async (source, copy) => {
      const args = [source]
      await same(await py.run(`${MODULE}:make`, args, { copy: true }), copy)
      await same(await copying.run(`${MODULE}:make`, args), copy)
      await same(await copying.sync.run(`${MODULE}:make`, [`[[${source}]]`]), [[copy]])
      const seen: unknown[] = []
      const give = await copying.run<(look: (value: unknown) => void) => unknown>(
        `${MODULE}:make_each`,
        args,
      )
      await give((value) => void seen.push(value))
      await same(seen, [copy])
      const value = await py.run(`${MODULE}:make`, args)
      if (typeof (value as RemoteObject | null)?.toJS === 'function')
        await same(await (value as RemoteObject).toJS(), copy)
    })

    it.each([...EXACT, ...DURATIONS])(
      'is a PythonScalar, and the same again: %s',
      async (source) => {
        const value = await py.run(`${MODULE}:make`, [source])
        expect(value).toBeInstanceOf(PythonScalar)
        expect(JSON.stringify(value)).toBe(JSON.stringify(String(value)))
        expect(await py.run(`${MODULE}:same`, [source, value])).toEqual([true, true, true])
      },
    )

    it('of pandas with nanoseconds is a Date, and the same again', async () => {
      const source = 'pd.Timestamp("2024-01-02T03:04:05.123456789", tz="UTC")'
      const date = await py.run<PythonDate>(`${MODULE}:make`, [source], { copy: true })
      expect(date).toBeInstanceOf(Date)
      const text = '2024-01-02T03:04:05.123456789+00:00'
      expect([date.microsecond, date.nanosecond, date.isoformat()]).toEqual([123456, 789, text])
      expect(await py.run(`${MODULE}:same`, [source, date])).toEqual([true, true, true])
    })

    it('that is copied to a depth has its scalars at any depth', async () => {
      const rows = await py.run<{ at: unknown; any: unknown }[]>(`${MODULE}:make`, ['frame'], {
        copy: { depth: 1 },
      })
      await same(rows[0]?.at, at('2024-01-01T12:00:00'))
      expect(String(rows[0]?.any)).toMatch(/Attrs object/)
    })

    it('of a DataFrame with two columns of the same name is refused', async () => {
      const source = 'pd.DataFrame([[1, 2]], columns=["a", "a"])'
      const error = await refusal(() => py.run(`${MODULE}:make`, [source], { copy: true }))
      expect(error).toMatchObject({
        code: 'ERR_PYTHREADS_VALUE',
        message: expect.stringContaining("'a'"),
      })
    })

    it('makes Dates of naive times in a pool with the option `naiveDates`', async () => {
      await using dated = await start(place, { workers: 1, naiveDates: 'utc', copy: true })
      const rows = await dated.run<{ at: unknown }[]>(`${MODULE}:make`, ['frame'])
      expect(rows[0]?.at).toBeInstanceOf(Date)
      expect(JSON.stringify(rows[0]?.at)).toBe('"2024-01-01T12:00:00.000Z"')
    })

    it('of 20,000 rows is copied', async () => {
      const source =
        'pd.DataFrame({"a": range(20_000), "t": pd.to_datetime(range(20_000), unit="s")})'
      const rows = await py.run<unknown[]>(`${MODULE}:make`, [source], { copy: true })
      expect(rows.length).toBe(20_000)
    })
  })
}

import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { NdArray, PythonDate } from '../../src/index.ts'
import { refusal } from '../support/outcome.ts'

const ROME = PythonDate.of('2024-10-27T02:30:01.678901+01:00', { zone: 'Europe/Rome', fold: 1 })

describe('a PythonDate', () => {
  it('has the fields that Python has', () => {
    const { microsecond, nanosecond, zone, offset, fold } = ROME
    expect({ microsecond, nanosecond, zone, offset, fold }).toEqual({
      ...{ microsecond: 678901, nanosecond: 0, zone: 'Europe/Rome', offset: 3600, fold: 1 },
    })
    expect(ROME.getTime()).toBe(Date.UTC(2024, 9, 27, 1, 30, 1, 678))
    expect(ROME.isoformat()).toBe('2024-10-27T02:30:01.678901+01:00')
  })

  it('is a Date for functions that take Dates', () => {
    expect(ROME).toBeInstanceOf(Date)
    expect(Object.prototype.toString.call(ROME)).toBe('[object Date]')
    expect(JSON.stringify({ at: ROME })).toBe('{"at":"2024-10-27T01:30:01.678Z"}')
    expect(structuredClone(ROME)).toStrictEqual(new Date(ROME.getTime()))
    expect(new Date(ROME)).toStrictEqual(new Date(ROME.getTime()))
    expect(
      new Intl.DateTimeFormat('en', { timeZone: 'UTC', hour: 'numeric', hour12: false }).format(
        ROME,
      ),
    ).toBe('01')
    expect(inspect(ROME)).toBe('PythonDate 2024-10-27T02:30:01.678901+01:00[Europe/Rome]')
    expect(`${ROME}`).toBe(String(new Date(ROME.getTime())))
  })

  it('can be constructed like a Date, as libraries do with its class', () => {
    const Same = ROME.constructor as new (value: number | string | Date) => PythonDate
    for (const value of [
      0,
      '1970-01-01T00:00:00Z',
      new Date(0),
      PythonDate.of('1970-01-01T00:00:00+00:00'),
    ]) {
      const date = new Same(value)
      const { microsecond, zone, offset, fold } = date
      expect([date.getTime(), microsecond, zone, offset, fold]).toEqual([0, 0, 'UTC', 0, 0])
    }
    expect(PythonDate.from(new Date(-1)).microsecond).toBe(999_000)
    expect(PythonDate.from(ROME)).toBe(ROME)
  })

  it('is in UTC after a setter, and itself again when that is undone', () => {
    const date = PythonDate.of('2024-01-02T03:04:05.678901+01:00')
    const time = date.getTime()
    date.setUTCFullYear(2025)
    expect([date.microsecond, date.zone, date.offset, date.isoformat()]).toEqual([
      ...[678_000, 'UTC', 0, '2025-01-02T02:04:05.678000+00:00'],
    ])
    date.setTime(time)
    expect([date.microsecond, date.zone]).toEqual([678_901, '+01:00'])
    date.setTime(Number.NaN)
    expect([date.microsecond, date.isoformat(), JSON.stringify(date)]).toEqual([
      Number.NaN,
      'Invalid Date',
      'null',
    ])
  })

  it.each([
    '2024-01-02T03:04:05+00:00',
    '0001-01-01T00:00:00+23:59',
    '0001-01-01T00:00:00.000001+23:59',
    '9999-12-31T23:59:59.999999-23:59',
    '1969-12-31T23:59:59.999999+00:00',
    '1969-12-31T23:59:59.999000+00:00',
    '2024-02-29T23:59:59.000001-00:00:01',
    '2024-02-29T23:59:59.500000+00:00:00.000007',
    '2024-01-02T03:04:05',
    '2024-01-02T03:04:05.000010',
  ])('of %s has that text', (text) => {
    expect(PythonDate.of(text).isoformat()).toBe(text)
  })

  it.each([
    ...[
      '',
      '2024-01-02',
      '2024-02-30T00:00:00',
      '2024-01-02T24:00:00+00:00',
      '0000-01-01T00:00:00',
      'now',
    ],
    ...[
      '2024-01-02T03:04:05Z',
      '2024-01-02 03:04:05',
      '2024-01-02T03:04:60',
      '2024-01-02T03:04:05.1234567',
    ],
  ])('is not made of %j', async (text) => {
    expect(await refusal(() => PythonDate.of(text))).toMatchObject({
      code: 'ERR_PYTHREADS_ARGUMENT',
    })
  })

  it('refuses a zone without an offset', async () => {
    const make = () => PythonDate.of('2024-01-02T03:04:05', { zone: 'Europe/Rome' })
    expect(await refusal(make)).toMatchObject({ code: 'ERR_PYTHREADS_ARGUMENT' })
  })
})

describe('the JSON of an NdArray', () => {
  const NAT = -(2n ** 63n)
  it.each([
    ['int64', [1n, -5n], [1, -5]],
    [
      'datetime64[ns]',
      [0n, -1n, NAT],
      ['1970-01-01T00:00:00.000000000', '1969-12-31T23:59:59.999999999', null],
    ],
    ['datetime64[us]', [1_500_000n], ['1970-01-01T00:00:01.500000']],
    ['datetime64[ms]', [-1n], ['1969-12-31T23:59:59.999']],
    ['datetime64[s]', [5n], ['1970-01-01T00:00:05']],
    ['datetime64[25s]', [7n], ['1970-01-01T00:02:55']],
    ['datetime64[as]', [1n], ['1970-01-01T00:00:00.000000000000000001']],
    ['datetime64[m]', [1n], ['1970-01-01T00:01']],
    ['datetime64[h]', [-1n], ['1969-12-31T23']],
    ['datetime64[D]', [19_000n, -1n], ['2022-01-08', '1969-12-31']],
    ['datetime64[W]', [1n], ['1970-01-08']],
    ['datetime64[M]', [-1n, 650n], ['1969-12', '2024-03']],
    ['datetime64[Y]', [54n, NAT], ['2024', null]],
    ['timedelta64[ns]', [5n, NAT], [5, null]],
    ['timedelta64[25s]', [2n], [50]],
  ] as const)('of %s is what numpy prints', (dtype, items, expected) => {
    const array = new NdArray({ data: new BigInt64Array(items), shape: [items.length], dtype })
    expect(JSON.parse(JSON.stringify(array))).toEqual(expected)
  })

  it('is numbers, truth values and pairs', () => {
    const json = (source: ConstructorParameters<typeof NdArray>[0]) =>
      JSON.stringify(new NdArray(source))
    expect(json({ data: new Float64Array([1, 2, 3, 4]), shape: [2, 2] })).toBe('[[1,2],[3,4]]')
    expect(json({ data: new Float64Array([Number.NaN, 1]), shape: [2] })).toBe('[null,1]')
    expect(json({ data: new Uint8Array([1, 0]), shape: [2], dtype: 'bool' })).toBe('[true,false]')
    expect(json({ data: new Float32Array([1, 2]), shape: [1], dtype: 'complex64' })).toBe('[[1,2]]')
    expect(json({ data: new Uint16Array([0x3c00]), shape: [1], dtype: 'float16' })).toBe('[1]')
    expect(json({ data: new Float64Array([5]), shape: [] })).toBe('5')
    expect(json({ data: new BigUint64Array([7n]), shape: [1, 1] })).toBe('[[7]]')
  })

  it('is refused if a number would not be exact', () => {
    const array = new NdArray({ data: new BigInt64Array([2n ** 53n]), shape: [1, 1] })
    expect(() => JSON.stringify(array)).toThrow(TypeError)
  })
})

// Runs inside jest, where tests and what they import have classes of a realm of their own; Node's own modules have others.
import { readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Python, PythonError, PythreadsError } from 'pythreads'

let py
const shown = (value) => py.eval`repr(${value})`
beforeAll(async () => {
  py = await Python.start({
    isolation: 'process',
    python: process.env.PYTHREADS_PYTHON,
    workers: 1,
  })
})
afterAll(() => py?.close())

test('values of the test and of Node arrive as what they are', async () => {
  for (const of of [(value) => value, structuredClone]) {
    expect(await shown(of({ a: [1] }))).toBe("{'a': [1]}")
    expect(await shown(of(new Map([['a', 1]])))).toBe("{'a': 1}")
    expect(await shown(of(new Set([1])))).toBe('{1}')
    expect(await shown(of(new Date(0)))).toBe(
      'datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)',
    )
    expect(await py.eval`bytes(${of(new ArrayBuffer(2))}).hex()`).toBe('0000')
    expect(await py.eval`bytes(${of(new Uint8Array([1, 2]))}).hex()`).toBe('0102')
    expect(await py.eval`list(${of(new Float64Array([1.5]))})`).toEqual([1.5])
    expect(await py.eval`list(${of(new BigInt64Array([5n]))})`).toEqual([5])
  }
  expect(await py.eval`len(${readFileSync(new URL(import.meta.url))})`).toBeGreaterThan(0)
  expect(await py.eval`bytes(${py.bytes(Buffer.from('ab'))}).decode()`).toBe('ab')
  expect(await py.eval`list(${Readable.from(['a', 'b'])})`).toEqual(['a', 'b'])
  expect(await py.eval`${(x) => x * 2}(21)`).toBe(42)
})

test('options of the test are taken', async () => {
  const { signal } = new AbortController()
  expect(await py.run('builtins:abs', [-1], { signal })).toBe(1)
  expect(py.alloc(Float64Array, 2).length).toBe(2)
})

test('errors are told apart', async () => {
  await expect(py.run('json:loads', ['{'])).rejects.toBeInstanceOf(PythonError)
  await expect(py.run('json:loads', [/x/])).rejects.toBeInstanceOf(PythreadsError)
  const mine = new TypeError('mine')
  const fail = () => {
    throw mine
  }
  await expect(py.eval`${fail}()`).rejects.toBe(mine)
})

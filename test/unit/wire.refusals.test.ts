/** What the encoder refuses, and that it can be used afterwards. */
import { describe, expect, it } from 'vitest'
import { decode, Encoder } from '../../src/wire/index.ts'
import { encoded } from '../support/marshal.ts'

describe('a value that cannot cross is refused with the path to it', () => {
  class Money {}
  const cyclicKey: unknown[] = []
  cyclicKey.push(cyclicKey)
  let deepKey: unknown = []
  for (let i = 1; i < 1001; i++) deepKey = [deepKey]
  let deep: unknown = /x/
  for (let i = 0; i < 1500; i++) deep = [deep]

  const cases: Record<string, [value: unknown, path: string]> = {
    'a function': [() => {}, 'value'],
    'a symbol': [Symbol('s'), 'value'],
    'an invalid Date': [[1, { 'a b': [new Date(Number.NaN)] }], 'value[1]["a b"][0]'],
    'a Date before the year 1': [new Date(-62_135_596_800_001), 'value'],
    'an instance of a class': [{ a: new Money() }, 'value.a'],
    'a promise': [{ a: [1, 2], b: Promise.resolve() }, 'value.b'],
    'a RegExp in a Map': [new Map<unknown, unknown>([['k', /x/]]), 'value.k'],
    'an Error in a Map without names': [
      new Map<unknown, unknown>([
        [1, 2],
        [2, new Error('x')],
      ]),
      'value[1]',
    ],
    'an object as a key': [new Map([[{}, 1]]), 'value[0]'],
    'a Map in a Set': [new Set([new Map()]), 'value[0]'],
    'an object with a prototype of its own': [Object.create({ inherited: 1 }), 'value'],
    '1 and true in a Set': [new Set([1, true]), 'value'],
    '0 and 0n in a Set': [[['x', 'y'], new Set([0n, 0])], 'value[1]'],
    'null and undefined in a Map': [
      {
        a: { x: 1 },
        b: new Map<unknown, unknown>([
          [null, 1],
          [undefined, 2],
        ]),
      },
      'value.b',
    ],
    'arrays that are equal in Python as keys': [
      new Map([
        [[[1], 'a'], 1],
        [[[1n], 'a'], 2],
      ]),
      'value',
    ],
    'a cyclic array in a Set': [new Set([cyclicKey]), `value${'[0]'.repeat(20)}...`],
    'a key of 1,001 levels': [new Set([deepKey]), `value${'[0]'.repeat(20)}...`],
    'a RegExp in 1,500 levels': [deep, `value${'[0]'.repeat(20)}...${'[0]'.repeat(20)}...`],
  }

  it.each(Object.keys(cases))('%s', (name) => {
    const [value, path] = cases[name] ?? []
    const error = thrownBy(() => encoded(value))
    expect(error).toMatchObject({ code: 'ERR_PYTHREADS_VALUE', path })
    expect(error).toHaveProperty('message', expect.stringContaining(`${path}: `))
  })

  it('the encoder works after a refusal', () => {
    const encoder = new Encoder()
    encoder.value([1, { a: 'x' }], 'before')
    encoder.finish(0)
    const end = encoder.position
    const before = Buffer.from(encoder.buffer.subarray(0, end))
    for (const wrong of [
      [[[() => {}]]],
      new Set([1, true]),
      new Set([cyclicKey]),
      [new Date(0), deep],
      {
        get a(): never {
          throw new TypeError('mine')
        },
      },
    ]) {
      const error = thrownBy(() => {
        encoder.value(wrong, 'wrong')
        encoder.finish(end)
      })
      encoder.rewind(end)
      expect(error).toHaveProperty('message', expect.stringMatching(/^wrong|mine/))
    }
    encoder.value([2], 'after')
    expect(encoder.finish(end)).toBe(false)
    expect(encoder.buffer.subarray(0, end)).toEqual(before)
    expect(decode(encoder.buffer, end, encoder.position)).toEqual([2])
  })
})

function thrownBy(action: () => unknown): unknown {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error('It was expected to throw')
}

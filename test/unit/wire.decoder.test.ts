/**
 * No bytes whatever make the decoder do anything except return a value or throw
 * `ERR_PYTHREADS_PROTOCOL` (the bytes are not a value) or `ERR_PYTHREADS_VALUE` (JavaScript cannot
 * hold it).
 *
 * A test that times out is a decoder that hangs; the fast-check report has the bytes.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decode } from '../../src/wire/index.ts'
import { encoded } from '../support/marshal.ts'
import { mutated, mutations, readOrRefused } from '../support/mutations.ts'
import { scaled } from '../support/scale.ts'
import { values } from '../support/values.ts'

describe('hostile escapes', () => {
  const leaves = fc.oneof(
    fc.constantFrom<Part>(
      'decimal.Decimal',
      'complex',
      'd',
      'b',
      'Q',
      'B',
      '',
      'toString',
      1,
      0,
      -1,
      2,
      3,
      0.5,
      Number.NaN,
      2 ** 31,
      null,
      true,
    ),
    fc.uint8Array({ maxLength: 9 }),
  )
  const names = fc.constantFrom(
    'toString',
    'valueOf',
    '__proto__',
    'constructor',
    'a',
    'then',
    'length',
  )
  const parts: fc.Arbitrary<Part> = fc.letrec<{
    part: Part
    escape: Part
    list: Part
    dict: Part
    collection: Part
    shared: Part
  }>((tie) => ({
    part: fc.oneof(
      { depthSize: 'medium', withCrossShrink: true },
      leaves,
      tie('escape'),
      tie('list'),
      tie('dict'),
      tie('collection'),
      tie('shared'),
      fc.nat(5).map((number): Part => new Ref(number)),
    ),
    escape: fc
      .tuple(
        fc.oneof(
          { weight: 9, arbitrary: fc.integer({ min: -1, max: 12 }) },
          { weight: 1, arbitrary: tie('part') },
        ),
        fc.array(tie('part'), { maxLength: 5 }),
      )
      .map(([code, fields]) => new Escape([code, ...fields])),
    list: fc.array(tie('part'), { maxLength: 4 }),
    dict: fc
      .array(fc.tuple(fc.oneof(names, tie('part')), tie('part')), { maxLength: 3 })
      .map((items) => new Dict(items)),
    collection: fc.array(tie('part'), { maxLength: 3 }).map((items) => new SetOf(items)),
    shared: tie('part').map((part) => new Shared(part)),
  })).part

  it('random escapes are read or refused', () => {
    fc.assert(
      fc.property(parts, (part) => void readOrRefused(written(part))),
      { numRuns: scaled(6_000, 30_000) },
    )
  })

  it('random chunks of escapes are read or refused', () => {
    const chunks = fc.array(parts, { maxLength: 5 }).map((items) => new Escape([1, items]))
    fc.assert(
      fc.property(chunks, (part) => void readOrRefused(written(part))),
      { numRuns: scaled(4_000, 20_000) },
    )
  })

  it('escapes with bytes changed, cut out and put in are read or refused', () => {
    fc.assert(
      fc.property(
        parts,
        mutations,
        (part, changes) => void readOrRefused(mutated(written(part), changes)),
      ),
      { numRuns: scaled(4_000, 20_000) },
    )
  })

  const good: [name: string, part: Part][] = [
    ['a date', new Escape([2, 0.5])],
    ['a scalar', new Escape([3, 'decimal.Decimal', '1'])],
    ['an array', new Escape([4, 'd', new Uint8Array(8)])],
    ['a Map', new Escape([5, ['k', 1, new Escape([2, 1]), [2]]])],
    ['a Set', new Escape([6, [1, new Escape([3, 'complex', '1j'])]])],
    ['chunks', new Escape([1, [[new Escape([0, 1])], new Dict([['a', new Escape([0, 2])]]), [3]]])],
  ]

  it.each(good)('%s is read, and refused when it is cut off anywhere', (_, part) => {
    const bytes = written(part)
    expect(readOrRefused(bytes)).toBeUndefined()
    for (let end = 0; end < bytes.length; end++)
      expect(readOrRefused(bytes.subarray(0, end))).toBe('ERR_PYTHREADS_PROTOCOL')
  })

  it.each<[name: string, part: Part]>([
    ['no code', new Escape([])],
    ['a code that there is not', new Escape([99, 1])],
    ['a code that is no number', new Escape(['2', 1])],
    ['a code that is an object without toString', new Escape([new Dict([['toString', 1]]), 1])],
    ['too many fields', new Escape([3, 'complex', '1j', 1, 1, 1])],
    ['a date of text', new Escape([2, '1'])],
    ['a date without its moment', new Escape([2])],
    ['a scalar of a type that there is not', new Escape([3, 'os.system', 'x'])],
    ['a scalar whose type is an object', new Escape([3, new Dict([]), 'x'])],
    [
      'a scalar whose type is an object without toString',
      new Escape([3, new Dict([['toString', 1]]), 'x']),
    ],
    ['a scalar without text', new Escape([3, 'complex', 1])],
    ['an array of a format that there is not', new Escape([4, 'x', new Uint8Array(8)])],
    [
      'an array whose format is an object without toString',
      new Escape([4, new Dict([['toString', 1]]), new Uint8Array(8)]),
    ],
    ['an array of half an item', new Escape([4, 'd', new Uint8Array(7)])],
    ['an array of text', new Escape([4, 'd', 'xxxxxxxx'])],
    ['a Map of half an entry', new Escape([5, [1]])],
    ['a Map without a list', new Escape([5, 1])],
    ['a Set without a list', new Escape([6, null])],
    ['a Set within itself as its list', new Shared(new Escape([6, new Ref(0)]))],
    ['an object where there can be none', new Escape([7, 1, 'object', 0])],
    ['a function where there can be none', new Escape([8, 1])],
    ['what only goes to Python', new Escape([9, 1, true])],
    ['a target', new Escape([10, 'os:system'])],
    ['a chunk outside of chunks', new Escape([0, 1])],
    ['no chunks', new Escape([1, []])],
    ['chunks that are no list', new Escape([1, 1])],
    ['chunks within chunks', new Escape([1, [[new Escape([1, [[]]])]]])],
    ['a chunk that there is not', new Escape([1, [[new Escape([0, 7])]]])],
    ['the root as a chunk', new Escape([1, [[new Escape([0, 0])]]])],
    ['a chunk as a member of a set', new Escape([1, [new SetOf([new Escape([0, 1])]), []]])],
    [
      'a chunk as a value of a dict that is a Map',
      new Escape([1, [new Dict([[1, new Escape([0, 1])]]), []]]),
    ],
    ['half a chunk', new Escape([1, [[new Escape([0, 0.5])], []]])],
  ])('%s is refused', (_, part) => {
    expect(readOrRefused(written(part))).toBe('ERR_PYTHREADS_PROTOCOL')
  })

  it('keys whose bytes are alike are not taken for each other', () => {
    const texts = fc.string({
      unit: fc.constantFrom('a', 'b', '\x7f', '\x80', '\xe9', '\u9000', '\u{1f600}'),
      maxLength: 4,
    })
    const text = (value: string): Buffer => {
      const utf8 = Buffer.from(value)
      const head = Buffer.from([0x75, 0, 0, 0, 0])
      head.writeInt32LE(utf8.length, 1)
      return Buffer.concat([head, utf8])
    }
    const record = ([key, value]: [string, string]) =>
      Buffer.concat([Buffer.from('{'), text(key), text(value), Buffer.from('0')])
    fc.assert(
      fc.property(fc.array(fc.tuple(texts, texts), { maxLength: 20 }), (records) => {
        const bytes = Buffer.concat([
          Buffer.from([0x5b, records.length, 0, 0, 0]),
          ...records.map(record),
        ])
        expect(decode(bytes)).toEqual(records.map(([key, value]) => ({ [key]: value })))
      }),
      { numRuns: 2_000 },
    )
  })

  it('a text of exponential length is not made for a message', () => {
    let part: Part = new Shared([])
    for (let i = 0; i < 60; i++) part = new Shared([part, new Ref(60 - i)])
    expect(readOrRefused(written(new Escape([3, part, 'x'])))).toBe('ERR_PYTHREADS_PROTOCOL')
  })
})

describe('hostile bytes', () => {
  it('random bytes are read or refused', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        (bytes) => void readOrRefused(Buffer.from(bytes)),
      ),
      { numRuns: scaled(10_000, 50_000) },
    )
  })

  it('random marshal codes are read or refused', () => {
    const part = fc.oneof(
      fc.constantFrom(
        ...'NTFilgutaAzZs()[{0<>r.ycI:'.split('').map((code) => [code.charCodeAt(0)]),
      ),
      fc.constantFrom(...'[({<>rsuizl'.split('').map((code) => [code.charCodeAt(0) | 0x80])),
      fc.constantFrom(
        [0, 0, 0, 0],
        [1, 0, 0, 0],
        [2, 0, 0, 0],
        [255, 255, 255, 255],
        [255, 255, 255, 127],
        [1],
        [0],
      ),
      fc.uint8Array({ maxLength: 4 }).map((bytes) => [...bytes]),
    )
    const programs = fc.array(part, { maxLength: 60 }).map((parts) => Buffer.from(parts.flat()))
    fc.assert(
      fc.property(programs, (bytes) => void readOrRefused(bytes)),
      { numRuns: scaled(10_000, 50_000) },
    )
  })

  it('encoded values with bytes changed, cut out and put in are read or refused', () => {
    const encodable = values.filter((value) => {
      try {
        return encoded(value).length > 0
      } catch {
        return false
      }
    })
    const runs = fc.property(
      encodable,
      mutations,
      (value, changes) => void readOrRefused(mutated(encoded(value), changes)),
    )
    fc.assert(runs, { numRuns: scaled(1_000, 5_000) })
  })

  it.each(['(', '[', '<', '>', 's', 'u', 't', 'a', 'A', 'l', '{'])(
    'a length that lies after %s allocates nothing',
    (code) => {
      for (const length of [2 ** 31 - 1, -1, -(2 ** 31), 1_000_000_000]) {
        const bytes = Buffer.alloc(64, 'N')
        bytes.write(code)
        bytes.writeInt32LE(length, 1)
        const before = process.memoryUsage()
        for (let i = 0; i < 100; i++) expect(readOrRefused(bytes)).toBe('ERR_PYTHREADS_PROTOCOL')
        const after = process.memoryUsage()
        expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(1_000_000)
        expect(after.rss - before.rss).toBeLessThan(100_000_000)
      }
    },
  )

  it('depth is bounded, whatever container it is made of', () => {
    const list = Buffer.concat(
      Array.from({ length: 100_000 }, () => Buffer.from([0x5b, 1, 0, 0, 0])),
    )
    const tuple = Buffer.concat(Array.from({ length: 100_000 }, () => Buffer.from([0xa9, 1])))
    const dict = Buffer.concat(Array.from({ length: 100_000 }, () => Buffer.from('{z\x01a')))
    const keys = Buffer.concat(Array.from({ length: 100_000 }, () => Buffer.from([0x7b | 0x80])))
    // Where V8 has not optimized the decoder yet, its stack may be full a little before the bound.
    const refusals = ['ERR_PYTHREADS_PROTOCOL', 'ERR_PYTHREADS_VALUE']
    for (const bytes of [list, tuple, dict, keys]) expect(refusals).toContain(readOrRefused(bytes))
  })

  it('dicts in dicts that turn out to be Maps take no exponential time', () => {
    const levels = 1_000
    const open = Buffer.concat(
      Array.from({ length: levels }, () => Buffer.from([0xfb, 0x7a, 1, 0x61])),
    )
    const close = Buffer.concat(Array.from({ length: levels }, () => Buffer.from('TN0')))
    let node = decode(Buffer.concat([open, Buffer.from('N'), close])) as Map<unknown, unknown>
    for (let i = 1; i < levels; i++) node = node.get('a') as Map<unknown, unknown>
    expect(node).toEqual(
      new Map<unknown, unknown>([
        ['a', null],
        [true, null],
      ]),
    )
  })

  it.each([
    ['r\x00\x00\x00\x00', 'a reference to nothing'],
    ['[\x01\x00\x00\x00r\x00\x00\x00\x00', 'a reference to what is not shared'],
    ['l\x01\x00\x00\x00\x00\x80', 'a digit of more than 15 bits'],
    ['l\x02\x00\x00\x00\x01\x00\x00\x00', 'a leading digit of zero'],
    ['u\x01\x00\x00\x00\xff', 'bytes that are not UTF-8'],
    ['u\x02\x00\x00\x00\xed\xa0', 'half a surrogate'],
    ['0', 'the end of a dict'],
    ['', 'nothing'],
  ])('%j is refused: %s', (text) => {
    expect(readOrRefused(Buffer.from(text, 'latin1'))).toBe('ERR_PYTHREADS_PROTOCOL')
  })

  it('a string that is longer than JavaScript can hold is a value error', () => {
    const bytes = Buffer.alloc(2 ** 29 + 100)
    for (const code of ['a', 'u']) {
      bytes.write(code)
      bytes.writeInt32LE(bytes.length - 5, 1)
      expect(readOrRefused(bytes)).toBe('ERR_PYTHREADS_VALUE')
    }
  })
})

/**
 * What is written as marshal data as it stands, whether it makes sense or not. Arrays are lists.
 */
type Part =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | Part[]
  | Escape
  | Dict
  | SetOf
  | Shared
  | Ref

class Escape {
  readonly fields: Part[]
  constructor(fields: Part[]) {
    this.fields = fields
  }
}

class Dict {
  readonly items: [Part, Part][]
  constructor(items: [Part, Part][]) {
    this.items = items
  }
}

class SetOf {
  readonly items: Part[]
  constructor(items: Part[]) {
    this.items = items
  }
}

/** What can be referred to. */
class Shared {
  readonly part: Part
  constructor(part: Part) {
    this.part = part
  }
}

/** The object of this number among the shared ones. */
class Ref {
  readonly number: number
  constructor(number: number) {
    this.number = number
  }
}

function written(part: Part): Buffer {
  if (part instanceof Shared) {
    const bytes = written(part.part)
    bytes[0] = (bytes[0] as number) | 0x80
    return bytes
  }
  if (part instanceof Ref) return sized('r', part.number)
  if (part instanceof Escape)
    return sized('(', part.fields.length + 1, Buffer.from('.'), ...part.fields.map(written))
  if (part instanceof SetOf) return sized('<', part.items.length, ...part.items.map(written))
  if (part instanceof Dict)
    return Buffer.concat([Buffer.from('{'), ...part.items.flat(1).map(written), Buffer.from('0')])
  if (Array.isArray(part)) return sized('[', part.length, ...part.map(written))
  return encoded(part)
}

function sized(code: string, length: number, ...rest: Buffer[]): Buffer {
  const head = Buffer.alloc(5, code)
  head.writeInt32LE(length, 1)
  return Buffer.concat([head, ...rest])
}

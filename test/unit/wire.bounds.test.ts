/**
 * What a few bytes can ask of the decoder is bounded, and what it refuses it reads to the end. One
 * that is not bounded never ends.
 */
import { describe, expect, it } from 'vitest'
import { decode, type Reviver, refusedValue } from '../../src/wire/index.ts'

const VALUE = expect.objectContaining({ code: 'ERR_PYTHREADS_VALUE' })
const PROTOCOL = expect.objectContaining({ code: 'ERR_PYTHREADS_PROTOCOL' })

const REF = 0x80

/** marshal data: texts as they stand, numbers as 32 bits. */
function marshal(...parts: (string | number | Buffer)[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'string') return Buffer.from(part, 'latin1')
      if (typeof part !== 'number') return part
      const bytes = Buffer.alloc(4)
      bytes.writeInt32LE(part)
      return bytes
    }),
  )
}

const shared = (code: string) => Buffer.from([code.charCodeAt(0) | REF])
const int = (value: number) => marshal('i', value)
const list = (...items: Buffer[]) => marshal('[', items.length, ...items)
const escaped = (...fields: Buffer[]) => marshal('(', fields.length + 1, '.', ...fields)
/** Two NaN, which Python tells apart. */
const nans = () => marshal('<', 2, ...[1, 2].map(() => marshal('g', '\0\0\0\0\0\0\xf8\x7f')))

/** An int of so many digits of 15 bits. */
function digits(count: number, top: number): Buffer {
  const bytes = Buffer.alloc(count * 2, Buffer.from([0xff, 0x7f]))
  bytes.writeUInt16LE(top, (count - 1) * 2)
  return marshal('l', count, bytes)
}

/** Notes what it is asked for. */
class Noting implements Reviver {
  readonly objects: number[] = []
  readonly homes: number[] = []

  object(id: number): unknown {
    this.objects.push(id)
    return {}
  }

  local(id: number): unknown {
    this.homes.push(id)
    return () => id
  }

  memory(): ArrayBuffer {
    return new ArrayBuffer(8)
  }

  read<T>(_: unknown, use: (bytes: ArrayBuffer, mayChange: boolean) => T): T {
    const bytes = this.payload
    return use(
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer,
      false,
    )
  }

  payload: Buffer = marshal('N')
}

describe('an integer', () => {
  it('is read up to the largest that V8 has, and refused beyond', () => {
    const most = 2 ** 30
    const count = Math.ceil(most / 15)
    const top = 2 ** (most - (count - 1) * 15) - 1
    expect(decode(digits(count, top))).toBeTypeOf('bigint')
    expect(() => decode(digits(count, top + 1))).toThrow(VALUE)
    expect(() => decode(list(digits(count + 1, 1), int(1)))).toThrow(VALUE)
  })

  it('with a bad digit is malformed, however long it is', () => {
    for (const count of [1, 4, 7, 1000]) {
      const bytes = digits(count, 1)
      bytes[6] = 0xff
      expect(() => decode(bytes)).toThrow(PROTOCOL)
      expect(() => decode(digits(count, 0))).toThrow(PROTOCOL)
    }
  })
})

describe('a value that is refused', () => {
  it('is read to its end, so that its references are released', () => {
    const reviver = new Noting()
    const object = escaped(int(7), int(42), marshal('z\x01x'), int(0))
    const whole = list(nans(), object, escaped(int(8), int(43)), object)
    expect(() => decode(whole, 0, whole.length, reviver)).toThrow(VALUE)
    expect([reviver.objects, reviver.homes]).toEqual([[42, 42], [43]])
  })

  it('names the first refused place, and its keys', () => {
    const bytes = list(int(5), marshal('{', 'z\x01a', list(nans()), '0'), nans())
    let error: unknown
    try {
      decode(bytes)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({ code: 'ERR_PYTHREADS_VALUE', path: 'value[1]["a"][0]' })
    expect(refusedValue(error as Error)).toMatchObject({ keys: [1, 'a', 0] })
  })

  it('is malformed if the bytes behind it are', () => {
    const bytes = list(nans(), marshal('?'))
    expect(() => decode(bytes)).toThrow(PROTOCOL)
  })
})

describe('a tuple that holds another one twice', () => {
  it.each([10, 60, 1_500])('at each of %i levels is read', (levels) => {
    let bytes = marshal(shared('('), 0)
    // The innermost has the last number, as numbers are given on the way in.
    for (let i = levels - 1; i >= 0; i--) bytes = marshal(shared('('), 2, bytes, 'r', i + 1)
    let node = decode(bytes)
    for (let i = 0; i < levels; i++) {
      expect(node).toHaveLength(2)
      node = (node as unknown[])[1 - (i % 2)]
    }
    expect(node).toEqual([])
  })

  it('is an array of its own in each place, also within another tuple', () => {
    const inner = marshal(shared('('), 1, list(int(1)))
    const outer = marshal(shared('('), 2, inner, 'r', 1)
    const [one, two] = decode(marshal('[', 2, outer, 'r', 0)) as [unknown[][], unknown[][]]
    const inners = [one[0], one[1], two[0], two[1]]
    expect(new Set([one, two, ...inners]).size).toBe(6)
    expect(new Set(inners.map((array) => array?.[0])).size).toBe(1) // a list
  })
})

describe('a dict that turns out to be a Map', () => {
  it('becomes a Map in place, at 1,000 levels around a long list', () => {
    const levels = 1_000
    const long = marshal('(', 100_000, 'N'.repeat(100_000))
    const open = Array.from({ length: levels }, () => marshal(shared('{'), 'z\x01a'))
    const close = Array.from({ length: levels }, () => marshal('TN0'))
    let node = decode(marshal(...open, long, ...close))
    for (let i = 0; i < levels; i++) node = (node as Map<unknown, unknown>).get('a')
    expect(node).toHaveLength(100_000)
  })

  it('is refused if it refers to itself and is read again too often', () => {
    const levels = 1_000
    const long = marshal('(', 100_000, 'N'.repeat(100_000))
    const open = Array.from({ length: levels }, (_, i) =>
      marshal(shared('{'), 'z\x01b', 'r', i, 'z\x01a'),
    )
    const close = Array.from({ length: levels }, () => marshal('TN0'))
    expect(() => decode(marshal(...open, long, ...close))).toThrow(VALUE)
  })
})

describe('a payload in shared memory', () => {
  const frame = escaped(int(13), int(1), int(2), int(3), int(4))

  it('replaces the whole payload', () => {
    const reviver = new Noting()
    reviver.payload = list(int(1))
    expect(decode(frame, 0, frame.length, reviver)).toEqual([1])
  })

  it('is malformed within another payload, in the frame or in shared memory', () => {
    const reviver = new Noting()
    const within = list(frame, frame)
    expect(() => decode(within, 0, within.length, reviver)).toThrow(PROTOCOL)
    reviver.payload = frame
    expect(() => decode(frame, 0, frame.length, reviver)).toThrow(PROTOCOL)
  })
})

describe('an object that is a promise', () => {
  it('is malformed: the kernel sends a Map', () => {
    const reviver = new Noting()
    const then = escaped(int(8), int(43))
    const bytes = marshal('{', 'z\x04then', then, '0')
    expect(() => decode(bytes, 0, bytes.length, reviver)).toThrow(PROTOCOL)
    const chunks = escaped(
      int(1),
      list(marshal('{', 'z\x04then', escaped(int(0), int(1)), '0'), then),
    )
    expect(() => decode(chunks, 0, chunks.length, reviver)).toThrow(PROTOCOL)
    const fine = marshal('{', 'z\x03els', then, 'z\x04then', 'N', '0')
    expect(decode(fine, 0, fine.length, reviver)).toHaveProperty('then', null)
  })
})

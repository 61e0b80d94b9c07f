/**
 * Frames come out of the parser as they went in, however the stream is cut, and what is no frame is
 * refused at once: waiting for the rest of it would be a call that never ends.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  FrameParser,
  HEADER_BYTES,
  KIND,
  type Kind,
  MAX_PAYLOAD_BYTES,
  writeHeader,
} from '../../src/wire/index.ts'

interface Frame {
  kind: Kind
  id: number
  payload: Buffer
}

const FROM_PYTHON = Object.values(KIND).filter((kind) => kind >= 64)
/** Kinds that have no payload. */
const EMPTY: readonly Kind[] = [KIND.PENDING, KIND.SKIPPED, KIND.ACKNOWLEDGED, KIND.FETCH]

const frame: fc.Arbitrary<Frame> = fc
  .record({
    kind: fc.constantFrom(...FROM_PYTHON),
    id: fc.oneof(fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1), fc.nat()),
    payload: fc.oneof(
      fc.constant(Buffer.alloc(0)),
      fc.uint8Array({ maxLength: 16 }).map(Buffer.from),
    ),
  })
  .map((made) => (EMPTY.includes(made.kind) ? { ...made, payload: Buffer.alloc(0) } : made))

function written({ kind, id, payload }: Frame): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + payload.length)
  writeHeader(bytes, 0, payload.length, id, kind)
  payload.copy(bytes, HEADER_BYTES)
  return bytes
}

/** Parses chunks, each of which is overwritten after it was pushed. */
function parsed(chunks: readonly Buffer[]): Frame[] {
  const frames: Frame[] = []
  const parser = new FrameParser((kind, id, bytes, start, end) => {
    frames.push({ kind, id, payload: Buffer.from(bytes.subarray(start, end)) })
  })
  for (const chunk of chunks) {
    const reused = Buffer.from(chunk)
    parser.push(reused)
    reused.fill(0xff)
  }
  return frames
}

function cut(stream: Buffer, lengths: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  let at = 0
  for (const length of lengths) {
    chunks.push(stream.subarray(at, at + length))
    at += length
  }
  return [...chunks, stream.subarray(at)]
}

describe('a stream of frames', () => {
  it('gives the same frames however it is cut', () => {
    const lengths = fc.array(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.nat(60)), {
      maxLength: 60,
    })
    const runs = fc.property(fc.array(frame, { maxLength: 12 }), lengths, (frames, pieces) => {
      expect(parsed(cut(Buffer.concat(frames.map(written)), pieces))).toEqual(frames)
    })
    fc.assert(runs, { numRuns: 5_000 })
  })

  it('gives each frame when its last byte is there, not later', () => {
    const frames: Frame[] = [
      { kind: KIND.RESULT, id: 1, payload: Buffer.alloc(0) },
      { kind: KIND.RESULT, id: 2, payload: Buffer.from('ab') },
      { kind: KIND.PENDING, id: 3, payload: Buffer.alloc(0) },
    ]
    const ends: number[] = []
    let at = 0
    const parser = new FrameParser(() => ends.push(at))
    for (const byte of Buffer.concat(frames.map(written))) {
      at++
      parser.push(Buffer.from([byte]))
    }
    expect(ends).toEqual([12, 26, 38])
  })

  it('gives large frames', () => {
    const payload = Buffer.alloc(20_000_000, 'abc')
    const frames: Frame[] = [
      { kind: KIND.RESULT, id: 7, payload },
      { kind: KIND.ERROR, id: 8, payload: Buffer.from('x') },
    ]
    const stream = Buffer.concat(frames.map(written))
    const chunks = Array.from({ length: Math.ceil(stream.length / 65_536) }, (_, i) =>
      stream.subarray(i * 65_536, (i + 1) * 65_536),
    )
    const read = parsed(chunks)
    expect(read.map(({ id }) => id)).toEqual([7, 8])
    expect(read[0]?.payload.equals(payload)).toBe(true)
  })
})

describe('a parser that is stopped', () => {
  it('gives the other frames when it goes on, however often it is stopped', () => {
    const frames: Frame[] = Array.from({ length: 50 }, (_, id) => ({
      kind: KIND.RESULT,
      id,
      payload: Buffer.alloc(id % 7, 'x'),
    }))
    const ids: number[] = []
    const parser = new FrameParser((_, id) => {
      ids.push(id)
      if (id % 3 === 0) parser.stop()
    })
    for (const chunk of cut(Buffer.concat(frames.map(written)), [5, 40, 100, 1, 1, 1, 200]))
      parser.push(chunk)
    expect(ids).toEqual([0])
    let resumed = 0
    for (; ids.length < frames.length; resumed++) parser.resume()
    expect(ids).toEqual(frames.map(({ id }) => id))
    expect(resumed).toBe(17)
  })
})

describe('bytes that are no frame are refused at once', () => {
  const known = new Set<number>(FROM_PYTHON)
  const header = (length: number, kind: number) => {
    const bytes = Buffer.alloc(HEADER_BYTES)
    bytes.writeUInt32LE(length, 0)
    bytes.writeUInt32LE(kind, 8)
    return bytes
  }
  const refused = expect.objectContaining({ code: 'ERR_PYTHREADS_PROTOCOL' })

  it.each([
    ['an unknown kind', header(0, 99)],
    ['a kind with flags', header(0, KIND.RESULT | 0x100)],
    ['a kind that only goes to Python', header(0, KIND.CALL)],
    ['a kind without a payload that claims one', header(1, KIND.PENDING)],
    ['a small kind that claims much', header(2 ** 20 + 1, KIND.READY)],
    ['an unknown kind of a frame that is not there yet', header(1_000_000, 0)],
    ['a length beyond the most', header(MAX_PAYLOAD_BYTES + 1, KIND.RESULT)],
    ['the greatest length', header(2 ** 32 - 1, KIND.RESULT)],
    ['text', Buffer.from('hello world, this was printed to the wrong place\n')],
  ])('%s', (_, bytes) => {
    expect(() => parsed([bytes])).toThrow(refused)
    expect(() => parsed(cut(bytes, [5]))).toThrow(refused)
    expect(() => parsed([...bytes].map((byte) => Buffer.from([byte])))).toThrow(refused)
    const first = written({ kind: KIND.RESULT, id: 1, payload: Buffer.from('ab') })
    expect(() => parsed(cut(Buffer.concat([first, bytes]), [first.length + 3]))).toThrow(refused)
  })

  it('random bytes are refused, or are the start of a frame', () => {
    const runs = fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(64), (bytes, at) => {
      try {
        for (const { kind } of parsed(cut(Buffer.from(bytes), [at])))
          expect(known.has(kind)).toBe(true)
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_PYTHREADS_PROTOCOL' })
      }
    })
    fc.assert(runs, { numRuns: 5_000 })
  })

  it('a large length that may be true is not taken up before the bytes come', () => {
    const before = process.memoryUsage().arrayBuffers
    const parsers = Array.from({ length: 4 }, () => new FrameParser(() => expect.unreachable()))
    for (const parser of parsers) {
      parser.push(header(MAX_PAYLOAD_BYTES, KIND.RESULT))
      parser.push(Buffer.from('a few'))
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000)
    expect(parsers.length).toBe(4) // they are alive until here
  })
})

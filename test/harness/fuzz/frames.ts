import { KIND, MAX_PAYLOAD_BYTES } from '../../../src/wire/frames.ts'
import { HEADER_BYTES } from '../../../src/wire/index.ts'
import { Random } from '../random.ts'
import type { Counts } from './coverage.ts'
import { marshal, type Node } from './marshal.ts'
import { ESCAPE_NAMES, type Ground, Values } from './values.ts'

export type Channel = 'main' | 'side'

/**
 * A frame that a worker writes, as it stands in a file of the corpus: whatever it says need not be
 * true.
 */
export interface Frame {
  readonly channel: Channel
  /** The kind with everything that stands behind it: flags and time. */
  readonly kind: number
  /** The request id; with `own` it is added to that of the call for which the frame is written. */
  readonly id: number
  readonly own?: boolean
  /** What the header says of the length; else the truth. */
  readonly claim?: number
  /** In base64. */
  readonly payload: string
  /** How many bytes of the end are not written. */
  readonly cut?: number
}

type KindName = keyof typeof KIND

const NAMES = Object.keys(KIND) as KindName[]
const CHANNELS: readonly Channel[] = ['main', 'side']

/** Everything that a run has to send at least once. */
export const EVERYTHING: readonly string[] = [
  ...CHANNELS.flatMap((channel) => NAMES.map((name) => `${channel} ${name}`)),
  ...ESCAPE_NAMES.map((name) => `escape ${name}`),
  ...[
    'a length that is not true',
    'a frame that is cut off',
    'a kind that is none',
    'a flood',
    'doubling',
    'too deep',
    'garbage',
  ],
]

/** Kinds whose payload reaches most of what reads it. */
const TELLING: readonly KindName[] = [
  'RESULT',
  'ERROR',
  'UNREAD',
  'CALLBACK',
  'RELEASED',
  'OUTPUT',
  'WARNING',
  'LOG',
]

/** Makes sequences of frames. Two of the same seed make the same. */
export class Sequences {
  readonly #random: Random
  readonly #counts: Counts
  readonly #values: Values
  readonly #seed: number

  constructor(seed: number, counts: Counts, ground: Ground) {
    this.#seed = seed
    this.#random = new Random(seed)
    this.#counts = counts
    this.#values = new Values(this.#random, counts, ground)
  }

  /** What a worker writes during its call of this number: `seed` and number determine it. */
  at(turn: number): Frame[] {
    const random = this.#random
    random.reseed(this.#seed, turn)
    // Channel, kind and escape follow the number, so that few sequences have everything in them.
    const channel = CHANNELS[turn % 2] as Channel
    const name = NAMES[Math.floor(turn / 2) % NAMES.length] as KindName
    if (random.chance(0.3)) return [this.#frame(channel, name)]
    if (random.chance(0.3)) return [this.#reply(ESCAPE_NAMES[turn % ESCAPE_NAMES.length])]
    if (random.chance(0.15)) return this.#coroutine()
    if (random.chance(0.02)) return this.#flood()
    if (random.chance(0.15)) return [this.#large()]
    if (random.chance(0.2)) return this.#broken()
    return [this.#frame(channel, name), ...random.list(6, () => this.#any())]
  }

  #any(): Frame {
    const random = this.#random
    return this.#frame(
      random.pick(CHANNELS),
      random.chance(0.6) ? random.pick(TELLING) : random.pick(NAMES),
    )
  }

  #frame(channel: Channel, name: KindName, more: Partial<Frame> = {}): Frame {
    const random = this.#random
    this.#counts.add(`${channel} ${name}`)
    const isReply = name === 'RESULT' || name === 'ERROR'
    const own = random.chance(isReply ? 0.7 : 0.5)
    const id = own
      ? random.chance(0.8)
        ? 0
        : random.below(5) - 2
      : random.pick([0, 1, 2, 7, 63, 2 ** 32 - 1, random.word()])
    const flags = random.chance(0.02) ? random.below(256) << 8 : 0
    const time = random.chance(0.3) ? random.pick([1, 0xfffe, 0xffff, random.below(0x10000)]) : 0
    const payload = random.chance(0.04)
      ? random.bytes(40)
      : marshal(random.chance(0.12) ? this.#values.value() : this.#payload(name))
    return {
      channel,
      kind: (KIND[name] | flags | (time << 16)) >>> 0,
      id,
      own,
      payload: this.#mangled(payload),
      ...more,
    }
  }

  /** A result of the very call, whose payload begins with one escape. */
  #reply(name: string | undefined): Frame {
    const payload = marshal(this.#values.escape(name ?? 'DATE')).toString('base64')
    this.#counts.add('main RESULT')
    return { channel: 'main', kind: KIND.RESULT, id: 0, own: true, payload }
  }

  /** A coroutine's frames in any order. */
  #coroutine(): Frame[] {
    const kinds: KindName[] = [
      'PENDING',
      'RESULT',
      'ACKNOWLEDGED',
      'THREAD_TIME',
      'SKIPPED',
      'UNREAD',
      'PENDING',
      'RESULT',
    ]
    return this.#random.list(6, () =>
      this.#frame(this.#random.pick(CHANNELS), this.#random.pick(kinds), { id: 0, own: true }),
    )
  }

  #flood(): Frame[] {
    this.#counts.add('a flood')
    const frame = this.#any()
    return Array.from({ length: 20 + this.#random.below(200) }, () => frame)
  }

  /** Payloads that are small and that too much could be made of. */
  #large(): Frame {
    const random = this.#random
    const isDoubling = random.chance(0.6)
    this.#counts.add(isDoubling ? 'doubling' : 'too deep')
    const node = isDoubling
      ? this.#values.doubling(4 + random.below(40))
      : this.#values.deep(200 + random.below(4_000))
    return this.#frame(random.pick(CHANNELS), random.pick(TELLING), {
      id: 0,
      own: true,
      payload: marshal(node).toString('base64'),
    })
  }

  /** Bytes that are no frames. */
  #broken(): Frame[] {
    const random = this.#random
    const frame = this.#any()
    const length = Buffer.from(frame.payload, 'base64').length
    switch (random.below(4)) {
      case 0:
        this.#counts.add('a length that is not true')
        return [
          {
            ...frame,
            claim: random.pick([
              0,
              length + 1,
              MAX_PAYLOAD_BYTES,
              2 ** 31,
              2 ** 32 - 1,
              random.word(),
            ]),
          },
          this.#any(),
        ]
      case 1:
        this.#counts.add('a frame that is cut off')
        return [
          { ...frame, cut: 1 + random.below(HEADER_BYTES + length) },
          ...random.list(2, () => this.#any()),
        ]
      case 2:
        this.#counts.add('a kind that is none')
        return [{ ...frame, kind: random.pick([0, 15, 63, 79, 81, 255, random.word()]) }]
      default:
        this.#counts.add('garbage')
        return [
          { ...frame, cut: HEADER_BYTES + length },
          { ...this.#any(), kind: random.word(), claim: random.word() },
        ]
    }
  }

  /** Changes a few bytes of some payloads. */
  #mangled(payload: Buffer): string {
    const random = this.#random
    if (payload.length === 0 || !random.chance(0.2)) return payload.toString('base64')
    for (let i = random.below(3); i >= 0; i--)
      payload[random.below(payload.length)] = random.below(256)
    const end = random.chance(0.3) ? random.below(payload.length) : payload.length
    return payload.subarray(0, end).toString('base64')
  }

  /** What the kernel sends in a frame of this kind, or nearly so. */
  #payload(name: KindName): Node {
    const random = this.#random
    const values = this.#values
    const small = () => (random.chance(0.7) ? random.below(8) : values.number())
    switch (name) {
      case 'ERROR':
      case 'UNREAD':
        return values.details()
      case 'CALLBACK':
        return [
          small(),
          random.list(3, () => values.value()),
          random.below(4),
          ...random.list(1, small),
        ]
      case 'RELEASED':
        return random.list(4, () => [small(), small(), small()])
      case 'OUTPUT':
        return [
          random.pick([1, 2, values.number()]),
          random.pick<Node>([null, small()]),
          values.text(),
          random.chance(0.5),
          small(),
        ]
      case 'WARNING':
        return [
          values.text(),
          values.text(),
          values.text(),
          values.number(),
          small(),
          random.chance(0.5),
        ]
      case 'LOG': {
        const text = () => values.text()
        const origin: Node[] = [
          small(),
          random.chance(0.5),
          values.number(),
          text(),
          text(),
          text(),
          values.number(),
          text(),
          text(),
        ]
        return [
          ...origin,
          values.number(),
          text(),
          random.pick<Node>([null, text()]),
          random.pick<Node>([null, text()]),
          { extra: values.value() },
        ]
      }
      case 'READY':
        return {
          pid: values.number(),
          memory: values.number(),
          thread: values.number(),
          gil: random.chance(0.5),
          version: values.text(),
        }
      case 'THREAD_TIME':
        return values.number()
      case 'GIL_ENABLED':
      case 'REFUSED':
        return values.text()
      default:
        return values.value()
    }
  }
}

/** The bytes of a frame. `own`: the id of the request for which it is written. */
export function bytesOf(frame: Frame, own: number): Buffer {
  const payload = Buffer.from(frame.payload, 'base64')
  const bytes = Buffer.alloc(HEADER_BYTES + payload.length)
  bytes.writeUInt32LE((frame.claim ?? payload.length) >>> 0, 0)
  bytes.writeUInt32LE((frame.own === true ? own + frame.id : frame.id) >>> 0, 4)
  bytes.writeUInt32LE(frame.kind >>> 0, 8)
  payload.copy(bytes, HEADER_BYTES)
  return bytes.subarray(0, bytes.length - (frame.cut ?? 0))
}

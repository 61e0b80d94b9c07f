import { ESCAPE } from '../../../src/wire/escapes.ts'
import { SCALAR_TYPES } from '../../../src/wire/index.ts'
import { ARRAY_KINDS } from '../../../src/wire/values/typed-arrays.ts'
import type { Random } from '../random.ts'
import type { Counts } from './coverage.ts'
import { Dict, escaped, type Node, Raw, Reference, SetOf, Shared } from './marshal.ts'

/** Memory that frames can name, and numbers that the host knows. */
export interface Ground {
  /** Loans that are right: size, position, space, cell. */
  readonly loans: readonly (readonly number[])[]
  /**
   * Spaces that a worker can name: memory of its own, files that it may read, and descriptors of
   * the host.
   */
  readonly spaces: readonly number[]
}

const NUMBERS = [
  ...[
    0,
    1,
    2,
    3,
    5,
    64,
    255,
    256,
    65_535,
    65_536,
    2 ** 20,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53,
    2 ** 53 + 2,
  ],
  ...[
    -0,
    -1,
    -2,
    -(2 ** 31),
    -(2 ** 53),
    0.5,
    1e-320,
    1e308,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ],
]

const TEXTS = [
  ...[
    '',
    'x',
    'value',
    '10',
    '__proto__',
    'constructor',
    'prototype',
    'then',
    'toJSON',
    'toString',
    'valueOf',
    'hasOwnProperty',
  ],
  ...[
    'length',
    'message',
    'stack',
    'code',
    'cause',
    'ERR_PYTHREADS_PYTHON',
    'ERR_PYTHREADS_CLOSED',
    'B',
    'd',
    'é€😀',
    '\0',
    '%s%n',
  ],
  ...[
    '2024-01-02T03:04:05.678901',
    '2024-13-45T99:99:99',
    '1e999999999',
    '\n\r\n',
    '\u001b[2J',
    'a'.repeat(300),
    'b'.repeat(5_000),
  ],
]

/** The names of all escapes. */
export const ESCAPE_NAMES: readonly string[] = Object.keys(ESCAPE)

/** The most nodes of one value. */
const MOST_NODES = 60

/** The least that is said of an exception. */
const PLAIN_DETAILS = {
  ...{
    code: 'ERR_PYTHREADS_PYTHON',
    type: 'E',
    module: 'm',
    message: 'x',
    traceback: '',
    frames: [],
    notes: [],
  },
  ...{ path: null, bases: [], place: null, thrown: null },
}

/** Makes values that Python could send, and such as it never would. */
export class Values {
  readonly #random: Random
  readonly #counts: Counts
  readonly #ground: Ground
  #left = 0

  constructor(random: Random, counts: Counts, ground: Ground) {
    this.#random = random
    this.#counts = counts
    this.#ground = ground
  }

  /** A value with everything in it that a payload can have. */
  value(): Node {
    this.#left = MOST_NODES
    return this.#node(0)
  }

  /** The escape with this name, as it may stand in a payload. */
  escape(name: string): Node {
    this.#left = MOST_NODES
    return this.#escape(name, 0)
  }

  number(): number {
    const random = this.#random
    return random.chance(0.6)
      ? random.pick(NUMBERS)
      : random.below(random.pick([4, 300, 2 ** 20, 2 ** 32]))
  }

  text(): string {
    return this.#random.pick(TEXTS)
  }

  /** What the kernel says of an exception, or nearly so. */
  details(depth: number = 0): Node {
    const random = this.#random
    const inner = (): Node => (depth < 4 && random.chance(0.3) ? this.details(depth + 1) : null)
    const frame = () => ({
      file: this.text(),
      line: this.number(),
      column: this.number(),
      function: this.text(),
      source: this.text(),
    })
    const details: Record<string, Node> = {
      ...{
        code: random.pick(['ERR_PYTHREADS_PYTHON', 'ERR_PYTHREADS_VALUE', this.text()]),
        type: this.text(),
        module: this.text(),
      },
      ...{
        message: this.text(),
        traceback: this.text(),
        frames: random.list(3, frame),
        notes: random.list(2, () => this.text()),
      },
      ...{
        cause: inner(),
        errors: random.chance(0.2) ? [inner(), inner()] : null,
        path: random.pick([null, this.text()]),
      },
      ...{
        bases: random.list(3, () => this.text()),
        thrown: random.chance(0.1) ? [this.#loose()] : null,
      },
      place: random.chance(0.2)
        ? { file: this.text(), line: this.number(), column: this.number(), text: this.text() }
        : null,
      args: random.list(3, () => this.#loose()),
    }
    if (random.chance(0.2)) details['opaque'] = random.list(3, () => this.number())
    if (random.chance(0.3))
      details['attributes'] = { errno: this.number(), [this.text()]: this.#loose() }
    if (random.chance(0.1)) details['exception'] = this.#loose()
    if (random.chance(0.25)) details[random.pick(Object.keys(details))] = this.#loose()
    if (random.chance(0.05)) delete details[random.pick(Object.keys(details))]
    return details
  }

  /** A value whose parts are shared: what is made of each part anew doubles at each level. */
  doubling(levels: number): Node {
    const random = this.#random
    const make = random.pick<(items: Node[]) => Node>([
      (items) => items,
      (items) => new SetOf(items, true),
      (items) => new Dict(items.map((item, i) => [i === 0 ? 'a' : i, item])),
      ([first = null, again = null]) => ({
        ...PLAIN_DETAILS,
        cause: first,
        errors: [again, again],
      }),
      ([first = null, again = null]) => ({ ...PLAIN_DETAILS, cause: null, errors: [first, again] }),
    ])
    let node: Node = new Shared(make([1]))
    // The outermost object has the number 0, the next one the number 1: each names the one below it
    // twice.
    for (let level = levels - 1; level >= 0; level--)
      node = new Shared(make([node, new Reference(level + 1)]))
    return node
  }

  /** A value that is nested deeper than anything may be. */
  deep(levels: number): Node {
    const opening = this.#random.pick([
      [0x29, 1],
      [0x5b, 1, 0, 0, 0],
      [0x7b, 0x4e],
      [0x29, 3, 0x2e, 0x69, 6, 0, 0, 0],
    ])
    return new Raw(Array.from({ length: levels }, () => opening).flat())
  }

  #loose(): Node {
    this.#left = Math.min(this.#left, 8)
    return this.#node(3)
  }

  #node(depth: number): Node {
    const random = this.#random
    if (this.#left-- <= 0 || depth > 8) return random.pick<Node>([null, 1, 'x'])
    const inner = () => this.#node(depth + 1)
    switch (random.below(14)) {
      case 0:
      case 1:
        return this.number()
      case 2:
      case 3:
        return this.text()
      case 4:
        return random.pick<Node>([null, true, false])
      case 5:
        return random.bytes(24)
      case 6:
        return random.list(5, inner)
      case 7:
        return Object.fromEntries(random.list(4, () => [this.text(), inner()]))
      case 8:
        return new Dict(random.list(3, () => [inner(), inner()]))
      case 9:
        return new SetOf(random.list(4, inner), random.chance(0.5))
      case 10:
        return new Shared(inner())
      case 11:
        return random.chance(0.9) ? new Reference(random.below(6)) : new Reference(this.number())
      case 12:
        return random.chance(0.5) ? this.#long() : new Raw(random.bytes(12))
      default:
        return this.#escape(random.pick(ESCAPE_NAMES), depth)
    }
  }

  /** An int of many digits. */
  #long(): Node {
    const digits = this.#random.list(40, () =>
      this.#random.below(this.#random.chance(0.05) ? 65_536 : 32_768),
    )
    const count = this.#random.chance(0.9) ? digits.length : this.number()
    const bytes = Buffer.alloc(5 + digits.length * 2)
    bytes[0] = 0x6c
    bytes.writeInt32LE(this.#random.chance(0.5) ? -(count | 0) | 0 : count | 0, 1)
    for (const [i, digit] of digits.entries()) bytes.writeUInt16LE(digit, 5 + i * 2)
    return new Raw(bytes)
  }

  #escape(name: string, depth: number): Node {
    const random = this.#random
    this.#counts.add(`escape ${name}`)
    const fields = this.#fields(name, depth)
    if (random.chance(0.15))
      fields[random.below(Math.max(fields.length, 1))] = this.#node(depth + 1)
    if (random.chance(0.03)) fields.pop()
    if (random.chance(0.03)) fields.push(this.#node(depth + 1))
    const code = ESCAPE[name as keyof typeof ESCAPE]
    return escaped(random.chance(0.02) ? this.number() : code, ...fields)
  }

  #fields(name: string, depth: number): Node[] {
    const random = this.#random
    const inner = () => this.#node(depth + 1)
    switch (name) {
      case 'NODE':
        return [this.number()]
      case 'DEEP':
        return [[[escaped(ESCAPE.NODE, random.below(3)), inner()], ...random.list(3, inner)]]
      case 'DATE':
        return random.chance(0.4)
          ? [this.number()]
          : [
              this.number(),
              this.number(),
              random.pick<Node>([null, this.number()]),
              random.pick(['u', 'f', 'zEurope/Rome', '']),
              random.below(3),
            ]
      case 'SCALAR':
        return [random.pick([...SCALAR_TYPES, this.text()]), this.text()]
      case 'ARRAY':
        return [
          random.pick([...ARRAY_KINDS.keys(), this.text()]),
          random.chance(0.5) ? Buffer.alloc(random.below(9) * 8) : this.#loan(),
        ]
      case 'MAP':
        return [random.list(3, () => [inner(), inner()]).flat()]
      case 'SET':
        return [random.list(4, inner)]
      case 'OBJECT':
        return [this.number(), this.text(), random.below(256)]
      case 'FUNCTION':
        return [random.chance(0.7) ? random.below(8) : this.number()]
      case 'ITERATOR':
        return [random.below(8), random.chance(0.5)]
      case 'TARGET':
        return [random.pick(['json:dumps', 'os:_exit', this.text()])]
      case 'NDARRAY': {
        const shape = random.list(3, () => (random.chance(0.8) ? random.below(4) : this.number()))
        return [
          random.pick(['float64', 'int32', 'bool', this.text()]),
          shape,
          shape.map(() => this.number()),
          'd',
          Buffer.alloc(64),
        ]
      }
      case 'TABLE':
        return [random.pick(['pyarrow', 'pandas', this.text()]), random.bytes(16)]
      default:
        return [...this.#numbersOfLoan()] // SHARED and FRAME
    }
  }

  #loan(): Node {
    this.#counts.add('escape SHARED')
    return escaped(ESCAPE.SHARED, ...this.#numbersOfLoan())
  }

  #numbersOfLoan(): number[] {
    const random = this.#random
    const loan = [...random.pick(this.#ground.loans)]
    if (random.chance(0.5)) loan[3] = random.below(64)
    if (random.chance(0.25)) loan[2] = random.pick(this.#ground.spaces)
    if (random.chance(0.25)) loan[random.below(4)] = this.number()
    return loan
  }
}

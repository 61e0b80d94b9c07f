import { CODE, FLAG_REF } from '../../../src/wire/marshal/codes.ts'

/**
 * Marshal data before they are bytes, which may say what CPython would never write. Arrays are
 * lists, plain objects dicts of texts.
 */
export type Node =
  | (null | boolean | number | string | Uint8Array)
  | (readonly Node[] | { readonly [key: string]: Node })
  | Piece

/** A part of marshal data that writes itself. */
export abstract class Piece {
  declare protected readonly isPiece: true

  abstract write(writer: Writer): void
}

/** A tuple; with Ellipsis and a code before its fields it is an escape. */
export class Tuple extends Piece {
  readonly items: readonly Node[]
  readonly isEscape: boolean

  constructor(items: readonly Node[], isEscape: boolean = false) {
    super()
    this.items = items
    this.isEscape = isEscape
  }

  write(writer: Writer): void {
    writer.byte(CODE.SMALL_TUPLE)
    writer.byte(this.items.length + Number(this.isEscape))
    if (this.isEscape) writer.byte(CODE.ELLIPSIS)
    for (const item of this.items) writer.node(item)
  }
}

export function escaped(code: number, ...fields: readonly Node[]): Tuple {
  return new Tuple([code, ...fields], true)
}

/** A dict with any keys. */
export class Dict extends Piece {
  readonly entries: readonly (readonly [Node, Node])[]

  constructor(entries: readonly (readonly [Node, Node])[]) {
    super()
    this.entries = entries
  }

  write(writer: Writer): void {
    writer.byte(CODE.DICT)
    for (const entry of this.entries) for (const node of entry) writer.node(node)
    writer.byte(CODE.NULL)
  }
}

export class SetOf extends Piece {
  readonly members: readonly Node[]
  readonly isFrozen: boolean

  constructor(members: readonly Node[], isFrozen: boolean) {
    super()
    this.members = members
    this.isFrozen = isFrozen
  }

  write(writer: Writer): void {
    writer.byte(this.isFrozen ? CODE.FROZENSET : CODE.SET)
    writer.items(this.members)
  }
}

/** An object that references can name. */
export class Shared extends Piece {
  readonly node: Node

  constructor(node: Node) {
    super()
    this.node = node
  }

  write(writer: Writer): void {
    writer.shared(this.node)
  }
}

/**
 * A reference to the object of this number among those that were shared, whether there is one or
 * not.
 */
export class Reference extends Piece {
  readonly index: number

  constructor(index: number) {
    super()
    this.index = index
  }

  write(writer: Writer): void {
    writer.byte(CODE.REF)
    writer.int(this.index)
  }
}

/** Bytes as they are. */
export class Raw extends Piece {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array | readonly number[]) {
    super()
    this.bytes = Uint8Array.from(bytes)
  }

  write(writer: Writer): void {
    writer.bytes(this.bytes)
  }
}

export class Writer {
  #buffer = Buffer.allocUnsafe(256)
  #end = 0

  /** A copy of what was written. */
  get written(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#end))
  }

  node(node: Node): void {
    if (node === null) return this.byte(CODE.NONE)
    if (typeof node === 'boolean') return this.byte(node ? CODE.TRUE : CODE.FALSE)
    if (typeof node === 'number') return this.#number(node)
    if (typeof node === 'string') return this.#counted(CODE.UNICODE, Buffer.from(node))
    if (node instanceof Uint8Array) return this.#counted(CODE.BYTES, node)
    if (node instanceof Piece) return node.write(this)
    if (Array.isArray(node)) {
      this.byte(CODE.LIST)
      return this.items(node)
    }
    new Dict(Object.entries(node)).write(this)
  }

  /** Writes an object whose type code says that it can be referred to. */
  shared(node: Node): void {
    const start = this.#end
    this.node(node)
    this.#buffer[start] = (this.#buffer[start] as number) | FLAG_REF
  }

  items(nodes: readonly Node[]): void {
    this.int(nodes.length)
    for (const node of nodes) this.node(node)
  }

  byte(value: number): void {
    const at = this.#room(1)
    this.#buffer[at] = value
  }

  int(value: number): void {
    const at = this.#room(4)
    this.#buffer.writeInt32LE(value | 0, at)
  }

  bytes(bytes: Uint8Array): void {
    const at = this.#room(bytes.length)
    this.#buffer.set(bytes, at)
  }

  #number(value: number): void {
    const isInt = Number.isInteger(value) && Math.abs(value) < 2 ** 31 && !Object.is(value, -0)
    this.byte(isInt ? CODE.INT : CODE.FLOAT)
    if (isInt) return this.int(value)
    const at = this.#room(8)
    this.#buffer.writeDoubleLE(value, at)
  }

  #counted(code: number, bytes: Uint8Array): void {
    this.byte(code)
    this.int(bytes.length)
    this.bytes(bytes)
  }

  /** Makes room for so many bytes; returns where they go. */
  #room(bytes: number): number {
    const at = this.#end
    this.#end += bytes
    if (this.#end > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#end))
      this.#buffer.copy(larger, 0, 0, at)
      this.#buffer = larger
    }
    return at
  }
}

export function marshal(node: Node): Buffer {
  const writer = new Writer()
  writer.node(node)
  return writer.written
}

import { types } from 'node:util'
import { type ErrorCode, PythreadsError } from '../errors/index.ts'
import { pathTo } from './describe.ts'
import { ESCAPE, type Escape, type References } from './escapes.ts'
import { CODE } from './marshal/codes.ts'
import { MarshalWriter } from './marshal/writer.ts'

/**
 * How a value stands in its parent: a dict's key or a set's member has to be hashable in Python.
 */
export type Position = 'value' | 'key'

/** Writes values that marshal cannot hold as escapes, and errors with the path of the value. */
export class EscapeWriter extends MarshalWriter {
  /** Finds what stands for values that are not copied. */
  references: References | undefined
  /** Whether the payload has escapes. */
  protected escaped = false
  protected depth = 0
  /** The key of each container's child from the root to here. */
  protected readonly keys: (string | number)[] = []
  /** The number of escapes that stand for keys. */
  #keyEscapes = 0

  /** Writes a whole escape: its code, then its fields. */
  escape(fields: Escape, position: Position = 'value'): void {
    this.openEscape(fields[0] as number, fields.length - 1, position)
    for (let i = 1; i < fields.length; i++) {
      const field = fields[i] as string | number | boolean
      if (typeof field === 'string') this.string(field)
      else if (typeof field === 'number') this.number(field)
      else this.boolean(field)
    }
    this.closeEscape(position)
  }

  /** Starts an escape whose fields the caller writes next. */
  openEscape(code: number, fields: number, position: Position = 'value'): void {
    this.tuple(fields + (position === 'key' ? 3 : 2))
    this.code(CODE.ELLIPSIS)
    this.number(code)
    this.escaped = true
  }

  /**
   * Ends an escape. In a key it gets a number of its own: marshal would keep one of two equal
   * escapes, and only Python knows whether the values are equal.
   */
  closeEscape(position: Position): void {
    if (position === 'key') this.number(this.#keyEscapes++)
  }

  /** Writes bytes, or where they are lent. */
  lend(bytes: Uint8Array): void {
    const loan = bytes.length === 0 ? undefined : this.references?.lend(bytes)
    if (loan === undefined) this.bytes(bytes)
    else this.escape([ESCAPE.SHARED, ...loan])
  }

  /** The bytes of an array or a buffer. Refuses one that was transferred. */
  bytesOf(value: ArrayBufferView | ArrayBufferLike): Uint8Array {
    try {
      // throws if out of bounds
      if (ArrayBuffer.isView(value) && value.byteLength === 0 && types.isTypedArray(value))
        value.keys()
      return ArrayBuffer.isView(value)
        ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
        : new Uint8Array(value)
    } catch {
      return this.refuse(
        'an array whose memory is gone: its ArrayBuffer was transferred or made smaller',
      )
    }
  }

  override refuse(reason: string, code: ErrorCode = 'ERR_PYTHREADS_VALUE'): never {
    const path = this.path
    throw new PythreadsError(code, `${path}: ${reason}`, { path })
  }

  /** The place of the value that is being written. */
  protected get path(): string {
    return pathTo(this.keys, this.depth)
  }

  /** Forgets the payload that was written. */
  protected reset(): void {
    this.escaped = false
    this.references = undefined
    this.depth = 0
    this.#keyEscapes = 0
  }
}

import type { Kind } from '../wire/index.ts'

/** A reply: its kind and where its payload is. The bytes are valid until the next request. */
export interface SyncReply {
  readonly kind: Kind
  readonly bytes: Buffer
  readonly start: number
  /** Where the payload ends; by default, where the bytes do. */
  readonly end?: number
}

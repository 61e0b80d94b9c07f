import type { SyncEntry } from '../native/index.ts'
import { HEADER_BYTES, type Kind } from '../wire/index.ts'
import type { SyncConnection } from './connection.ts'
import { PreparedCalls } from './prepared-calls.ts'
import type { SyncReply } from './reply.ts'

/** Sync calls by one native call into the interpreter of this process. */
export class EntryConnection implements SyncConnection {
  /** Calls of targets that were called before. */
  readonly prepared: PreparedCalls
  readonly callsBack = false
  readonly inProcess = true
  readonly pid: number = process.pid
  readonly memory = -1
  readonly #entry: SyncEntry
  readonly #scope: number

  constructor(entry: SyncEntry, scope: number) {
    this.#entry = entry
    this.#scope = scope
    this.prepared = new PreparedCalls(entry, scope)
  }

  request(frame: Buffer): SyncReply {
    frame.writeUInt32LE(this.#scope, 4)
    const bytes = this.#entry.request(frame)
    return { kind: bytes.readUInt32LE(8) as Kind, bytes, start: HEADER_BYTES }
  }

  notify(frame: Buffer): void {
    this.request(frame)
  }

  close(): void {}

  kill(): void {}
}

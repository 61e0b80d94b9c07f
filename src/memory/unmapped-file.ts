import { constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { FileFlags } from './flags.ts'
import type { SharedFile } from './mapping.ts'

const FOLDER = '/dev/shm'
const O_TMPFILE = 0o20200000
/** The most bytes that Node reads or writes at once. */
const MOST_BYTES = 1 << 30

/**
 * A file in memory that only worker processes map, where this process cannot map it: Node writes
 * arrays to it. It is never shorter than `bytes` while Python may look.
 */
export class UnmappedFile implements SharedFile {
  readonly address = undefined
  readonly bytes: number
  readonly fd: number
  readonly flags: FileFlags

  /** @throws the system's error, e.g. where there is no folder in memory */
  constructor(bytes: number) {
    // without a name; Linux only
    this.fd = openSync(FOLDER, O_TMPFILE | constants.O_RDWR, 0o600)
    this.bytes = bytes
    ftruncateSync(this.fd, bytes)
    this.flags = new FileFlags(this.fd)
  }

  get resident(): number {
    return fstatSync(this.fd).blocks * 512
  }

  write(offset: number, bytes: Uint8Array): boolean {
    try {
      for (let at = 0; at < bytes.length; ) {
        const most = Math.min(bytes.length - at, MOST_BYTES)
        at += writeSync(this.fd, bytes, at, most, offset + at)
      }
      return true
    } catch {
      return false // the file system is full: in a container it is often small
    }
  }

  copy(offset: number, bytes: number): ArrayBuffer {
    const copy = Buffer.alloc(bytes) // zeros: a hostile worker may have cut the file short
    for (let at = 0; at < bytes; ) {
      const read = readSync(this.fd, copy, at, Math.min(bytes - at, MOST_BYTES), offset + at)
      if (read === 0) break
      at += read
    }
    return copy.buffer as ArrayBuffer
  }

  /** Only the end of the file can go: Node cannot punch holes. */
  discard(offset: number, bytes: number): void {
    if (offset + bytes < this.bytes) return
    ftruncateSync(this.fd, offset)
    ftruncateSync(this.fd, this.bytes)
  }
}

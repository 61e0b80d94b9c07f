import { readSync, writeSync } from 'node:fs'
import { attempt } from '../attempt.ts'

/** How many loans there can be at a time: each has one byte in a table. */
export const FLAG_BYTES: number = 1 << 20
const PAGE_BYTES = 4096

/** The bytes by which Python says that it has dropped a loan's memory, by setting them to 1. */
export interface Flags {
  /** Makes room for a flag; returns false where there is none. */
  reserve(flag: number): boolean
  clear(flag: number): void
  /** The first flags as they are now. {@link clear} changes them here, too. */
  look(count: number): Uint8Array
}

/** Flags in memory that is mapped. */
export class MappedFlags implements Flags {
  readonly #bytes: Uint8Array

  constructor(memory: ArrayBuffer) {
    this.#bytes = new Uint8Array(memory)
  }

  reserve(): boolean {
    return true
  }

  clear(flag: number): void {
    this.#bytes[flag] = 0
  }

  look(count: number): Uint8Array {
    return this.#bytes.subarray(0, count)
  }
}

const ZEROS = new Uint8Array(PAGE_BYTES)

/** Flags at the beginning of a file that is not mapped. */
export class FileFlags implements Flags {
  readonly #fd: number
  readonly #seen = new Uint8Array(FLAG_BYTES)
  #reserved = 0

  constructor(fd: number) {
    this.#fd = fd
  }

  /** Writes a page first: Python would crash where the file system has no room for it (SIGBUS). */
  reserve(flag: number): boolean {
    while (this.#reserved <= flag) {
      const written = attempt(() => writeSync(this.#fd, ZEROS, 0, PAGE_BYTES, this.#reserved))
      if (written !== PAGE_BYTES) return false
      this.#reserved += PAGE_BYTES
    }
    return true
  }

  clear(flag: number): void {
    this.#seen[flag] = 0
    writeSync(this.#fd, ZEROS, 0, 1, flag)
  }

  look(count: number): Uint8Array {
    if (count > 0) readSync(this.#fd, this.#seen, 0, count, 0)
    return this.#seen.subarray(0, count)
  }
}

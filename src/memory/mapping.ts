import { fstatSync, openSync } from 'node:fs'
import { letGo } from '../attempt.ts'
import { isShortage } from '../errors/index.ts'
import {
  avoidsNativeCalls,
  closeFd,
  discardPages,
  duplicateFd,
  makeSealedFile,
  mapFile,
  memoryView,
  unmap,
  writeMemory,
} from '../native/index.ts'
import { type Movable, pin } from './pin.ts'

/**
 * Memory that this process shares with others, for Linux. macOS has `shm_open` and Windows
 * `CreateFileMapping`, but neither a way to open another process's nameless file: there, arrays are
 * copied through the channel.
 */

const PAGE_BYTES = 4096

/** Whether there is such memory here, for this JavaScript thread. */
export const canMap: boolean = process.platform === 'linux' && !avoidsNativeCalls

/** A file without a name that is mapped whole. It takes memory only where it was written to. */
export class Mapping {
  readonly address: number
  readonly bytes: number
  readonly fd: number
  #open = true
  #hasFile = true
  /** The parts that are mapped, in order. */
  #parts: readonly Part[]

  /**
   * `fd` is closed by `close`, and by Node when this JavaScript thread ends; where this throws, it
   * stays the caller's.
   */
  constructor(fd: number) {
    this.fd = fd
    this.bytes = fstatSync(fd).size
    this.address = mapFile(fd, this.bytes)
    this.#parts = [{ offset: 0, bytes: this.bytes }]
  }

  /** Makes one of `bytes` bytes. */
  static create(bytes: number): Mapping {
    const raw = makeSealedFile(bytes)
    let fd: number
    try {
      fd = reopen(raw)
    } finally {
      closeFd(raw)
    }
    try {
      return new Mapping(fd)
    } catch (error) {
      letGo(fd)
      throw error
    }
  }

  /** Bytes of memory that it takes. */
  get resident(): number {
    try {
      if (this.#hasFile) return fstatSync(this.fd).blocks * 512
    } catch {
      // a system that does not say it
    }
    return this.#parts.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  view(offset: number, bytes: number): ArrayBuffer {
    return viewOf(this.address + offset, bytes)
  }

  /**
   * Copies bytes to an offset. Without a view: V8 collects garbage for every few large buffers that
   * are made.
   */
  write(offset: number, bytes: Uint8Array): void {
    writeMemory(this.address + offset, bytes)
  }

  /** Gives memory that nobody uses back to the system; it is zeros when it is used again. */
  discard(offset: number, bytes: number): void {
    for (const part of this.#parts) {
      const first = Math.ceil(Math.max(offset, part.offset) / PAGE_BYTES) * PAGE_BYTES
      const end =
        Math.floor(Math.min(offset + bytes, part.offset + part.bytes) / PAGE_BYTES) * PAGE_BYTES
      if (end > first) discardPages(this.address + first, end - first)
    }
  }

  /**
   * Gives back the descriptor, and the address space of everything except the pages of these parts.
   */
  keepOnly(parts: readonly Part[]): void {
    const pages = pagesOf(parts)
    let at = 0
    for (const { offset, bytes } of [...pages, { offset: this.bytes, bytes: 0 }]) {
      if (offset > at) unmap(this.address + at, offset - at)
      at = offset + bytes
    }
    this.#parts = pages
    this.#closeFile()
  }

  /** Makes some memory zeros. */
  clear(offset: number, bytes: number): void {
    const memory = new Uint8Array(this.view(offset, bytes))
    if (bytes < 16 * PAGE_BYTES) return void memory.fill(0)
    const head = -offset & (PAGE_BYTES - 1)
    memory.fill(0, 0, head)
    memory.fill(0, bytes - ((offset + bytes) & (PAGE_BYTES - 1)))
    this.discard(offset, bytes)
  }

  /** Closes the descriptor, where nobody asks how much memory it takes: what is mapped stays. */
  #closeFile(): void {
    if (this.#hasFile) letGo(this.fd)
    this.#hasFile = false
  }

  /** Nobody may have a view of it any more. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    for (const { offset, bytes } of this.#parts) unmap(this.address + offset, bytes)
    this.#closeFile()
  }
}

/**
 * Opens a file of this process again, so that Node closes it when this JavaScript thread ends.
 * Without `/proc` the descriptor is duplicated; what a terminated thread had of those stays open.
 */
function reopen(fd: number): number {
  try {
    return openSync(`/proc/self/fd/${fd}`, 'r+')
  } catch (error) {
    if (isShortage(error)) throw error
    return duplicateFd(fd)
  }
}

/** A part of a mapping. */
export interface Part {
  readonly offset: number
  readonly bytes: number
}

/** The pages of some parts, in order; those that touch are one part. */
function pagesOf(parts: readonly Part[]): Part[] {
  const pages: Part[] = []
  for (const { offset, bytes } of [...parts].sort((one, other) => one.offset - other.offset)) {
    const first = Math.floor(offset / PAGE_BYTES) * PAGE_BYTES
    const end = Math.ceil((offset + bytes) / PAGE_BYTES) * PAGE_BYTES
    const last = pages.at(-1)
    if (last !== undefined && first <= last.offset + last.bytes) {
      pages[pages.length - 1] = {
        offset: last.offset,
        bytes: Math.max(last.offset + last.bytes, end) - last.offset,
      }
    } else {
      pages.push({ offset: first, bytes: end - first })
    }
  }
  return pages
}

/**
 * The memory at an address, which has to stay as long as the buffer. The buffer keeps it: it cannot
 * be transferred.
 *
 * Node detaches a buffer of koffi's when its JavaScript thread ends, and aborts where the mark
 * forbids that (Node 24 and newer). So koffi's buffer hands the memory over to a plain one, which
 * Node leaves alone, where it can (Node 22 and newer).
 */
export function viewOf(address: number, bytes: number): ArrayBuffer {
  const view: Movable = memoryView(address, bytes)
  return pin(view.transfer?.() ?? view)
}

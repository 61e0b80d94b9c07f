import { fstatSync, openSync } from 'node:fs'
import { letGo } from '../attempt.ts'
import { isShortage } from '../errors/index.ts'
import {
  avoidsNativeCalls,
  closeFd,
  copyOf,
  discardPages,
  duplicateFd,
  makeSealedFile,
  mapFile,
  memoryView,
  unmap,
  writeMemory,
} from '../native/index.ts'
import { FLAG_BYTES, type Flags, MappedFlags } from './flags.ts'
import { type Movable, pin } from './pin.ts'

/**
 * Memory that this process shares with worker processes, for Linux. macOS has `shm_open`, Windows
 * has `CreateFileMapping`, and neither can open the unnamed file of another process: there, arrays
 * are copied through the channel.
 */

const PAGE_BYTES = 4096

/** Whether worker processes can map a file of this JavaScript thread. */
export const canShare: boolean = process.platform === 'linux' && !avoidsNativeCalls

/** A file without a path that worker processes map. Only pages that were written to take memory. */
export interface SharedFile {
  /** Where it is mapped in this process; `undefined`: it is not. */
  readonly address: number | undefined
  readonly bytes: number
  readonly fd: number
  readonly flags: Flags
  /** The bytes of memory that the file takes. */
  readonly resident: number
  /** Copies bytes to an offset; returns false where there is no room for them. */
  write(offset: number, bytes: Uint8Array): boolean
  copy(offset: number, bytes: number): ArrayBuffer
  /** Returns unused memory to the system, if possible. Its bytes may be zeros afterwards. */
  discard(offset: number, bytes: number): void
}

/** A memory file that is mapped whole. */
export class Mapping implements SharedFile {
  readonly address: number
  readonly bytes: number
  readonly fd: number
  #flags: MappedFlags | undefined
  #open = true
  #hasFile = true
  /** The parts of the file that are still mapped, in order. */
  #parts: readonly Part[]

  /**
   * Takes over `fd`: `close` closes it, or Node when this JavaScript thread ends. When the
   * constructor throws, the caller still owns it.
   */
  constructor(fd: number) {
    this.fd = fd
    this.bytes = fstatSync(fd).size
    this.address = mapFile(fd, this.bytes)
    this.#parts = [{ offset: 0, bytes: this.bytes }]
  }

  /** Makes a file of `bytes` bytes and maps it. */
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

  /** The bytes of memory that the file takes. */
  get resident(): number {
    try {
      if (this.#hasFile) return fstatSync(this.fd).blocks * 512
    } catch {
      // the system does not tell: count what is mapped
    }
    return this.#parts.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  get flags(): Flags {
    this.#flags ??= new MappedFlags(this.view(0, FLAG_BYTES))
    return this.#flags
  }

  view(offset: number, bytes: number): ArrayBuffer {
    return viewOf(this.address + offset, bytes)
  }

  /**
   * Copies bytes to an offset. It makes no view, as V8 collects garbage after every few large
   * buffers.
   */
  write(offset: number, bytes: Uint8Array): boolean {
    writeMemory(this.address + offset, bytes)
    return true
  }

  copy(offset: number, bytes: number): ArrayBuffer {
    return copyOf(this.address + offset, bytes)
  }

  /** Returns unused memory to the system. Its bytes are zeros when they are used again. */
  discard(offset: number, bytes: number): void {
    for (const part of this.#parts) {
      const first = Math.ceil(Math.max(offset, part.offset) / PAGE_BYTES) * PAGE_BYTES
      const end =
        Math.floor(Math.min(offset + bytes, part.offset + part.bytes) / PAGE_BYTES) * PAGE_BYTES
      if (end > first) discardPages(this.address + first, end - first)
    }
  }

  /** Closes the descriptor, and unmaps everything except the pages of these parts. */
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

  /** Fills some bytes with zeros. Whole pages are discarded, which is faster. */
  clear(offset: number, bytes: number): void {
    const memory = new Uint8Array(this.view(offset, bytes))
    if (bytes < 16 * PAGE_BYTES) return void memory.fill(0)
    const head = -offset & (PAGE_BYTES - 1)
    memory.fill(0, 0, head)
    memory.fill(0, bytes - ((offset + bytes) & (PAGE_BYTES - 1)))
    this.discard(offset, bytes)
  }

  /** Closes the descriptor; the memory stays mapped. */
  #closeFile(): void {
    if (this.#hasFile) letGo(this.fd)
    this.#hasFile = false
  }

  /** Unmaps the memory: every view of it must be gone by now. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    for (const { offset, bytes } of this.#parts) unmap(this.address + offset, bytes)
    this.#closeFile()
  }
}

/**
 * Opens a file of this process again by Node, which closes the new descriptor when this JavaScript
 * thread ends. Without `/proc` the descriptor is duplicated, and stays open if the thread is
 * terminated.
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

/** The pages that contain some parts, in order. Adjacent pages are one part. */
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
 * Makes a buffer of the memory at an address. The memory must stay mapped as long as the buffer
 * lives, so the buffer is pinned: no transfer can move the memory to a buffer that lives longer.
 *
 * Node detaches koffi's buffers when their JavaScript thread ends, and aborts when such a buffer is
 * marked as untransferable (Node 24 and newer). So `transfer` first moves the memory to a plain
 * buffer, which Node does not detach (Node 22 and newer have `transfer`).
 */
export function viewOf(address: number, bytes: number): ArrayBuffer {
  const view: Movable = memoryView(address, bytes)
  return pin(view.transfer?.() ?? view)
}

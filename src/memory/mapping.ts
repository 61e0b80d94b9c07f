import { fstatSync, openSync } from 'node:fs'
import { letGo } from '../attempt.ts'
import { isShortage } from '../errors/index.ts'
import { avoidsNativeCalls, closeFd, duplicateFd, ffi, systemError } from '../native/index.ts'
import { type Movable, pin } from './pin.ts'

/**
 * Memory that this process shares with others, for Linux. macOS has `shm_open` and Windows
 * `CreateFileMapping`, but neither a way to open another process's nameless file: there, arrays are
 * copied through the channel.
 */

const PROT_READ_WRITE = 3
const MAP_SHARED = 1
const MAP_PRIVATE = 2
const MAP_ANONYMOUS = 0x20
const MAP_NORESERVE = 0x4000
const MFD_CLOEXEC = 1
const MFD_ALLOW_SEALING = 2
const F_ADD_SEALS = 1033
const F_GET_SEALS = 1034
/** Nobody can change the size, which would crash whoever has mapped it, nor take the seals off. */
const SEALS = 0x1 | 0x2 | 0x4
/** Nobody can write any more. */
const WRITE_SEALS = 0x8 | 0x10
const MADV_REMOVE = 9
const PAGE_BYTES = 4096

function load() {
  const koffi = ffi()
  const libc = koffi.load(null)
  return {
    memfd: libc.func('int memfd_create(const char *name, uint32_t flags)'),
    ftruncate: libc.func('int ftruncate(int fd, int64_t length)'),
    fcntl: libc.func('int fcntl(int fd, int command, ...)'),
    mmap: libc.func(
      'uintptr_t mmap(uintptr_t address, size_t length, int protection, int flags, int fd, int64_t offset)',
    ),
    munmap: libc.func('int munmap(uintptr_t address, size_t length)'),
    madvise: libc.func('int madvise(uintptr_t address, size_t length, int advice)'),
    copy: libc.func('uintptr_t memmove(uintptr_t to, const void *from, size_t length)'),
    fetch: libc.func('uintptr_t memmove(void *to, uintptr_t from, size_t length)'),
    locate: libc.func('uintptr_t memmove(const void *to, const void *from, size_t length)'),
  }
}

let loaded: ReturnType<typeof load> | undefined

function libc(): ReturnType<typeof load> {
  loaded ??= load()
  return loaded
}

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
    this.address = libc().mmap(0, this.bytes, PROT_READ_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0)
    if (!(this.address > 0 && this.address < Number.MAX_SAFE_INTEGER)) throw systemError('mmap')
    this.#parts = [{ offset: 0, bytes: this.bytes }]
  }

  /** Makes one of `bytes` bytes. */
  static create(bytes: number): Mapping {
    const { memfd, ftruncate, fcntl } = libc()
    const raw = memfd('pythreads', MFD_CLOEXEC | MFD_ALLOW_SEALING)
    if (raw < 0) throw systemError('memfd_create')
    let fd: number
    try {
      if (ftruncate(raw, bytes) !== 0) throw systemError('ftruncate')
      // Another process of this user may have opened it by now, and cut it short.
      const isSound =
        fcntl(raw, F_ADD_SEALS, 'int', SEALS) === 0 &&
        isSealed(raw) &&
        fstatSync(raw).size === bytes
      if (!isSound) throw systemError('fcntl')
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
    libc().copy(this.address + offset, bytes, bytes.length)
  }

  /** Gives memory that nobody uses back to the system; it is zeros when it is used again. */
  discard(offset: number, bytes: number): void {
    for (const part of this.#parts) {
      const first = Math.ceil(Math.max(offset, part.offset) / PAGE_BYTES) * PAGE_BYTES
      const end =
        Math.floor(Math.min(offset + bytes, part.offset + part.bytes) / PAGE_BYTES) * PAGE_BYTES
      if (end > first) libc().madvise(this.address + first, end - first, MADV_REMOVE)
    }
  }

  /**
   * Gives back the descriptor, and the address space of everything except the pages of these parts.
   */
  keepOnly(parts: readonly Part[]): void {
    const pages = pagesOf(parts)
    let at = 0
    for (const { offset, bytes } of [...pages, { offset: this.bytes, bytes: 0 }]) {
      if (offset > at) libc().munmap(this.address + at, offset - at)
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
    for (const { offset, bytes } of this.#parts) libc().munmap(this.address + offset, bytes)
    this.#closeFile()
  }
}

/** Whether a file is memory that has its size for good, and can be written. */
export function isSealed(fd: number): boolean {
  const seals = libc().fcntl(fd, F_GET_SEALS, 'int', 0)
  return seals >= 0 && (seals & SEALS) === SEALS && (seals & WRITE_SEALS) === 0
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

/**
 * Memory that no other process sees, zeros; it is never given back. Its address; `undefined`: there
 * is no room.
 */
export function privateMemory(bytes: number): number | undefined {
  const address: number = libc().mmap(0, bytes, PROT_READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
  return address > 0 && address < Number.MAX_SAFE_INTEGER ? address : undefined
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
  const view: Movable = ffi().view(address, bytes)
  return pin(view.transfer?.() ?? view)
}

/** A copy of the memory at an address. Without a view of it, and without making it zeros first. */
export function copyOf(address: number, bytes: number): ArrayBuffer {
  const copy = Buffer.allocUnsafeSlow(bytes) // has an ArrayBuffer of its own
  libc().fetch(copy, address, bytes)
  return copy.buffer as ArrayBuffer
}

/** Where the bytes of an array are. */
export function addressOf(bytes: Uint8Array): number {
  return libc().locate(bytes, bytes, 0)
}

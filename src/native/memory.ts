import { fstatSync } from 'node:fs'
import { LINUX, libc, systemError } from './c-functions.ts'
import { ffi } from './ffi.ts'
import { closeFd } from './libc.ts'

/** The calls for memory that Node does not offer. Those for sealed files are for Linux only. */

const PROT_READ_WRITE = 3
const MAP_SHARED = 1
const MAP_PRIVATE = 2
const MAP_ANONYMOUS = LINUX ? 0x20 : 0x1000
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

/** Maps a file whole; returns the address. @throws the system's error */
export function mapFile(fd: number, bytes: number): number {
  const address = map(bytes, MAP_SHARED | MAP_NORESERVE, fd)
  if (address === undefined) throw systemError('mmap')
  return address
}

/**
 * Memory of zeros that no other process sees. Returns its address; `undefined`: there is no room.
 */
export function mapPrivate(bytes: number): number | undefined {
  return map(bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1)
}

function map(bytes: number, flags: number, fd: number): number | undefined {
  const address: number = libc().mmap(0, bytes, PROT_READ_WRITE, flags, fd, 0)
  return address > 0 && address < Number.MAX_SAFE_INTEGER ? address : undefined
}

export function unmap(address: number, bytes: number): void {
  libc().munmap(address, bytes)
}

/** Gives pages of a file back to the system; they are zeros when they are used again. */
export function discardPages(address: number, bytes: number): void {
  libc().madvise(address, bytes, MADV_REMOVE)
}

/**
 * Makes sure that this process may have more memory: who has none left while Python is initialised
 * is ended by it.
 *
 * @throws the system's error, `ENOMEM`
 */
export function reserveMemory(bytes: number): void {
  const address = mapPrivate(bytes)
  if (address === undefined) throw systemError('mmap')
  unmap(address, bytes)
}

/** Makes a file in memory that has no name, and this size for good. @throws the system's error */
export function makeSealedFile(bytes: number): number {
  const { memfd, ftruncate, fcntl } = libc()
  const fd: number = memfd('pythreads', MFD_CLOEXEC | MFD_ALLOW_SEALING)
  if (fd < 0) throw systemError('memfd_create')
  try {
    if (ftruncate(fd, bytes) !== 0) throw systemError('ftruncate')
    // Another process of this user may have opened it by now, and cut it short.
    const isSound =
      fcntl(fd, F_ADD_SEALS, 'int', SEALS) === 0 && isSealed(fd) && fstatSync(fd).size === bytes
    if (!isSound) throw systemError('fcntl')
    return fd
  } catch (error) {
    closeFd(fd)
    throw error
  }
}

/** Whether a file is memory that has its size for good, and can be written. */
export function isSealed(fd: number): boolean {
  const seals = libc().fcntl(fd, F_GET_SEALS, 'int', 0)
  return seals >= 0 && (seals & SEALS) === SEALS && (seals & WRITE_SEALS) === 0
}

/** Copies bytes to an address. */
export function writeMemory(address: number, bytes: Uint8Array): void {
  libc().copyTo(address, bytes, bytes.length)
}

/** A copy of the memory at an address. Without a view of it, and without making it zeros first. */
export function copyOf(address: number, bytes: number): ArrayBuffer {
  const copy = Buffer.allocUnsafeSlow(bytes) // has an ArrayBuffer of its own
  libc().copyFrom(copy, address, bytes)
  return copy.buffer as ArrayBuffer
}

/** Where the bytes of an array are. */
export function addressOf(bytes: Uint8Array): number {
  return libc().addressOf(bytes, bytes, 0)
}

/** The memory at an address as a buffer of koffi's. */
export function memoryView(address: number, bytes: number): ArrayBuffer {
  return ffi().view(address, bytes)
}

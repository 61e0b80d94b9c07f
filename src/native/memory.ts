import { fstatSync } from 'node:fs'
import { LINUX, libc, systemError } from './c-functions.ts'
import { ffi } from './ffi.ts'
import { closeFd } from './libc.ts'

/** Functions for memory that Node does not offer. Sealed files exist only on Linux. */

const PROT_READ_WRITE = 3
const MAP_SHARED = 1
const MAP_PRIVATE = 2
const MAP_ANONYMOUS = LINUX ? 0x20 : 0x1000
const MAP_NORESERVE = 0x4000
const MFD_CLOEXEC = 1
const MFD_ALLOW_SEALING = 2
const F_ADD_SEALS = 1033
const F_GET_SEALS = 1034
/** With these seals nobody can change the file's size, which would crash readers, or add seals. */
const SEALS = 0x1 | 0x2 | 0x4
/** With one of these seals nobody can write to the file. */
const WRITE_SEALS = 0x8 | 0x10
const MADV_REMOVE = 9

/** Maps a file whole; returns the address. @throws the system's error */
export function mapFile(fd: number, bytes: number): number {
  const address = map(bytes, MAP_SHARED | MAP_NORESERVE, fd)
  if (address === undefined) throw systemError('mmap')
  return address
}

/** Allocates memory of zeros that no other process sees; `undefined` when there is no room. */
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

/** Returns pages of a memory file to the system; their bytes are zeros when they are used again. */
export function discardPages(address: number, bytes: number): void {
  libc().madvise(address, bytes, MADV_REMOVE)
}

/**
 * Checks that this process may allocate more memory: Python ends the process when it runs out of
 * memory during initialisation.
 *
 * @throws the system's error, `ENOMEM`
 */
export function reserveMemory(bytes: number): void {
  const address = mapPrivate(bytes)
  if (address === undefined) throw systemError('mmap')
  unmap(address, bytes)
}

/** Makes a memory file without a path whose size is sealed. @throws the system's error */
export function makeSealedFile(bytes: number): number {
  const { memfd, ftruncate, fcntl } = libc()
  const fd: number = memfd('pythreads', MFD_CLOEXEC | MFD_ALLOW_SEALING)
  if (fd < 0) throw systemError('memfd_create')
  try {
    if (ftruncate(fd, bytes) !== 0) throw systemError('ftruncate')
    // Another process of this user may have opened the file by now and shortened it.
    const isSound =
      fcntl(fd, F_ADD_SEALS, 'int', SEALS) === 0 && isSealed(fd) && fstatSync(fd).size === bytes
    if (!isSound) throw systemError('fcntl')
    return fd
  } catch (error) {
    closeFd(fd)
    throw error
  }
}

/** Whether a file is sealed against a change of its size, and can be written to. */
export function isSealed(fd: number): boolean {
  const seals = libc().fcntl(fd, F_GET_SEALS, 'int', 0)
  return seals >= 0 && (seals & SEALS) === SEALS && (seals & WRITE_SEALS) === 0
}

/** Copies bytes to an address. */
export function writeMemory(address: number, bytes: Uint8Array): void {
  libc().copyTo(address, bytes, bytes.length)
}

/** Copies the memory at an address, without a view of it and without a buffer of zeros. */
export function copyOf(address: number, bytes: number): ArrayBuffer {
  const copy = Buffer.allocUnsafeSlow(bytes) // `allocUnsafe` would share Node's buffer pool
  libc().copyFrom(copy, address, bytes)
  return copy.buffer as ArrayBuffer
}

/** The address of an array's bytes. */
export function addressOf(bytes: Uint8Array): number {
  return libc().addressOf(bytes, bytes, 0)
}

/** A buffer of koffi for the memory at an address. Node detaches it when this thread ends. */
export function memoryView(address: number, bytes: number): ArrayBuffer {
  return ffi().view(address, bytes)
}

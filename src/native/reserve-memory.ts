import { ffi } from './ffi.ts'
import { systemError } from './libc.ts'

const PROT_READ_WRITE = 3
const MAP_PRIVATE = 2
const MAP_ANONYMOUS = process.platform === 'linux' ? 0x20 : 0x1000

/**
 * Checks that this process may allocate more memory: Python ends the process when it runs out of
 * memory during initialisation.
 *
 * @throws the system's error, `ENOMEM`
 */
export function reserveMemory(bytes: number): void {
  const libc = ffi().load(process.platform === 'linux' ? null : '/usr/lib/libSystem.B.dylib')
  const mmap = libc.func(
    'intptr_t mmap(uintptr_t address, size_t length, int protection, int flags, int fd, int64_t offset)',
  )
  const munmap = libc.func('int munmap(intptr_t address, size_t length)')
  const address = mmap(0, bytes, PROT_READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
  if (address === -1) throw systemError('mmap')
  munmap(address, bytes)
}

import { readSync, writeSync } from 'node:fs'
import { javascriptRuntime } from '../platform/index.ts'
import { denoCalls } from './deno.ts'

/** Reads and writes nonblocking sockets by their descriptors, without the event loop. */

/** Checks that {@link readNow} and {@link writeNow} work here. @throws `ERR_PYTHREADS_RUNTIME` */
export function checkDescriptorCalls(): void {
  if (javascriptRuntime() === 'deno') denoCalls()
}

/**
 * Reads from a nonblocking socket. Returns the number of bytes, 0 at its end, -1 when nothing has
 * come.
 */
export function readNow(fd: number, bytes: Buffer): number {
  if (javascriptRuntime() === 'deno') return denoCalls().read(fd, bytes)
  try {
    return readSync(fd, bytes)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? -1 : 0
  }
}

/**
 * Writes to a nonblocking socket, from an offset on. Returns the number of bytes that it took, -1
 * when it is full, `undefined` when it takes no more.
 */
export function writeNow(fd: number, bytes: Buffer, offset: number = 0): number | undefined {
  if (javascriptRuntime() === 'deno') return denoCalls().write(fd, bytes.subarray(offset))
  try {
    return writeSync(fd, bytes, offset)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? -1 : undefined
  }
}

import { PythreadsError } from '../errors/index.ts'

/**
 * Native calls of Deno. Its `readSync` and `writeSync` refuse the descriptors of sockets, so sync
 * calls use `recv` and `send` of the C library, by Deno's own FFI.
 */

/** As {@link readNow} and {@link writeNow} of `descriptors.ts`. */
interface DenoCalls {
  read(fd: number, bytes: Uint8Array): number
  write(fd: number, bytes: Uint8Array): number | undefined
}

/** The part of Deno's API that is used here. */
interface Deno {
  dlopen(
    path: string,
    symbols: typeof SYMBOLS,
  ): { readonly symbols: Record<keyof typeof SYMBOLS, (...args: unknown[]) => number | bigint> }
}

const SYMBOLS = {
  recv: { parameters: ['i32', 'buffer', 'usize', 'i32'], result: 'isize' },
  send: { parameters: ['i32', 'buffer', 'usize', 'i32'], result: 'isize' },
  poll: { parameters: ['buffer', 'usize', 'i32'], result: 'i32' },
} as const

const LINUX = process.platform === 'linux'
const LIBRARY = LINUX ? 'libc.so.6' : '/usr/lib/libSystem.B.dylib'
const MSG_DONTWAIT = LINUX ? 0x40 : 0x80
const MSG_NOSIGNAL = LINUX ? 0x4000 : 0
const POLLOUT = 4
/** `POLLERR`, `POLLHUP` and `POLLNVAL`: the other end is closed, or this one. */
const CLOSED = 0x8 | 0x10 | 0x20

let calls: DenoCalls | undefined

/** @throws `ERR_PYTHREADS_RUNTIME` without the permission for native calls */
export function denoCalls(): DenoCalls {
  calls ??= load()
  return calls
}

function load(): DenoCalls {
  const { Deno } = globalThis as unknown as { Deno: Deno }
  let symbols: ReturnType<Deno['dlopen']>['symbols']
  try {
    symbols = Deno.dlopen(LIBRARY, SYMBOLS).symbols
  } catch (cause) {
    throw new PythreadsError(
      'ERR_PYTHREADS_RUNTIME',
      'Sync calls need native calls in Deno: run it with --allow-ffi',
      { cause },
    )
  }
  const { recv, send, poll } = symbols
  /** Whether a socket that was looked at has one of these events now. */
  const has = (fd: number, events: number): boolean => {
    const request = Buffer.alloc(8)
    request.writeInt32LE(fd, 0)
    request.writeInt16LE(POLLOUT, 4)
    return Number(poll(request, 1, 0)) > 0 && (request.readInt16LE(6) & events) !== 0
  }
  return {
    // An error other than "nothing has come" is followed by the end of the stream.
    read: (fd, bytes) => Number(recv(fd, bytes, bytes.length, MSG_DONTWAIT)),
    write(fd, bytes) {
      const sent = Number(send(fd, bytes, bytes.length, MSG_DONTWAIT | MSG_NOSIGNAL))
      return sent >= 0 || !has(fd, CLOSED) ? sent : undefined
    },
  }
}

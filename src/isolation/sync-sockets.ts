import { Socket } from 'node:net'
import { shortage } from '../errors/index.ts'
import {
  type Connection,
  closeFd,
  nap,
  napAfter,
  Poller,
  readNow,
  waitUntil,
  writeNow,
} from '../native/index.ts'
import { own } from '../own.ts'
import { spinFirst } from '../platform/index.ts'

export const MAIN = 0
export const SIDE = 1

const CHUNK_BYTES = 64 * 1024
/**
 * How long one wait in native code lasts: a `terminate()` of this JavaScript thread takes effect in
 * between.
 */
const SLICE_MS = 50

/** What sync calls need of a socket of Node. */
export interface SyncStream {
  readonly destroyed: boolean
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'data', listener: (chunk: Buffer) => void): unknown
  once(event: 'close', listener: () => void): unknown
  isPaused(): boolean
  pause(): unknown
  resume(): unknown
  unref(): unknown
  destroy(): unknown
}

/**
 * The main and the side socket of a connection for sync calls. Node owns both, and closes them when
 * this JavaScript thread ends.
 */
export interface SyncSockets {
  /** The sockets as objects of Node. While the event loop runs, Node reads only the side socket. */
  readonly sockets: readonly [SyncStream, SyncStream]
  /** Waits for bytes on either socket, perhaps not to the end; returns whether there are any. */
  wait(timeoutMs: number): boolean
  /**
   * Returns the bytes that a wait found on a socket: none at the end of the stream, `undefined` if
   * none have come yet.
   */
  receive(which: typeof MAIN | typeof SIDE): Buffer | undefined
  /**
   * Writes bytes from a position on. Returns how many the socket took, -1 when it takes none now,
   * and `undefined` when it is closed.
   */
  write(which: typeof MAIN | typeof SIDE, bytes: Buffer, from: number): number | undefined
  /**
   * Waits a moment for room to write to a socket. `waitedMs`: the time since it last took bytes.
   */
  waitForRoom(which: typeof MAIN | typeof SIDE, waitedMs: number): void
}

/** Sockets for which a native call waits. Takes ownership of the descriptors. */
export function polledSockets(fds: readonly [number, number]): SyncSockets {
  const poller = new Poller(fds, 'readable')
  const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  return {
    sockets: socketsOf(...fds),
    write: (which, bytes, from) => writeNow(fds[which], bytes, from),
    wait: spinFirst((timeoutMs) => poller.wait(Math.min(timeoutMs, SLICE_MS))),
    receive(which) {
      if (!poller.found(which)) return undefined
      const length = readNow(fds[which], chunk)
      return length < 0 ? undefined : chunk.subarray(0, length)
    },
    waitForRoom: (which) => void new Poller([fds[which]], 'writable').wait(SLICE_MS),
  }
}

/** Sockets that are read again and again, for JavaScript threads that make no native calls. */
export function readSockets([main, side]: readonly [Connection, Connection]): SyncSockets {
  const fds = [main.fd, side.fd] as const
  const chunks = fds.map(() => Buffer.allocUnsafeSlow(CHUNK_BYTES)) as [Buffer, Buffer]
  const lengths: [number, number] = [-1, -1]
  const look = (which: typeof MAIN | typeof SIDE): boolean => {
    if (lengths[which] < 0) lengths[which] = readNow(fds[which], chunks[which])
    return lengths[which] >= 0
  }
  const hasCome = () => {
    const main = look(MAIN)
    // The side socket is read second: frames that Python sent there before a reply are there now.
    return look(SIDE) || main
  }
  return {
    sockets: [main.socket, side.socket],
    write: (which, bytes, from) => writeNow(fds[which], bytes, from),
    wait: spinFirst((timeoutMs) => waitUntil(hasCome, timeoutMs)),
    receive(which) {
      const length = lengths[which]
      lengths[which] = -1
      return length < 0 ? undefined : chunks[which].subarray(0, length)
    },
    waitForRoom: (_which, waitedMs) => nap(napAfter(waitedMs)),
  }
}

/** The descriptors as sockets of Node. */
function socketsOf(fd: number, side: number): [Socket, Socket] {
  let owner: Socket | undefined
  try {
    owner = new Socket(own({ fd, readable: false, writable: false }))
    return [owner, new Socket(own({ fd: side, readable: true, writable: true }))]
  } catch (cause) {
    if (owner === undefined) closeFd(fd)
    else owner.destroy()
    closeFd(side)
    throw shortage('ERR_PYTHREADS_WORKER_START', 'The sockets for sync calls cannot be used', cause)
  }
}

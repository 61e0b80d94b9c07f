import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { pairedPipes } from './paired-pipes.ts'

/** A stream that keeps the process alive unless it is unreferenced. */
export type Channel = Duplex & { ref(): unknown; unref(): unknown }

/** The channels of a worker process: entries of the `stdio` with which Node starts it. */
export interface WorkerChannels {
  readonly stdio: readonly 'pipe'[]
  /** The descriptor of the main channel in Python. */
  readonly main: number
  /** The side channel in Python: a descriptor, or a tuple of two. */
  readonly side: string
  /** The descriptor behind those of the channels. */
  readonly next: number
  /** Whether a JavaScript thread can read them without its event loop. */
  readonly canBlock: boolean
  /** The entries of `stdio` to read from and to write to, for the main and the side channel. */
  readonly pipes: readonly (readonly [reads: number, writes: number])[]
  /** Our ends. `streams`: `stdio` of the child. */
  take(streams: readonly unknown[]): { readonly main: Socket; readonly side: Channel }
}

/** Two socket pairs, which Node makes where it says `pipe`. */
const SOCKETS: WorkerChannels = {
  stdio: ['pipe', 'pipe'],
  main: 3,
  side: '4',
  next: 5,
  canBlock: true,
  pipes: [
    [3, 3],
    [4, 4],
  ],
  take: (streams) => ({ main: streams[3] as Socket, side: streams[4] as Socket }),
}

/**
 * Three named pipes, for Windows. Node opens the child's ends for synchronous use: while a thread
 * reads from such a pipe, a write to it waits. Only one thread uses the main channel, and it reads
 * and writes in turn. Threads write to the side channel while another one reads, so the side channel
 * is two pipes. Node has no descriptors of its own ends.
 */
const PIPES: WorkerChannels = {
  stdio: ['pipe', 'pipe', 'pipe'],
  main: 3,
  side: '(4, 5)',
  next: 6,
  canBlock: false,
  pipes: [
    [3, 3],
    [5, 4],
  ],
  take: (streams) => ({
    main: streams[3] as Socket,
    side: pairedPipes(streams[5] as Socket, streams[4] as Socket),
  }),
}

/** For tests of this library alone: the channels of Windows, on another system. */
const FORCED = 'PYTHREADS_INTERNAL_CHANNELS'

/** The channels of worker processes on this system. */
export function workerChannels(
  system: NodeJS.Platform = process.platform,
  forced: string | undefined = process.env[FORCED],
): WorkerChannels {
  return system === 'win32' || forced === 'pipes' ? PIPES : SOCKETS
}

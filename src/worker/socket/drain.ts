import type { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'

/**
 * Between two turns of the event loop, Node looks at all descriptors once. The third turn is for
 * events that Node defers.
 */
const QUIET_TURNS = 3

/** Sockets and pipes hold less than this: more bytes come from another writer. */
const MOST_LEFT_BYTES = 64 * 2 ** 20

/**
 * Resolves when everything is read that was written before the writer ended. A stream may never
 * end: processes that the writer started can hold it open. What the writer wrote is there by now,
 * so it is read within a turn of the event loop.
 */
export async function drained(streams: readonly Readable[]): Promise<void> {
  let quiet = 0
  let read = 0
  const listen = (chunk: Buffer | string) => {
    quiet = 0
    read += chunk.length
  }
  for (const stream of streams) stream.on('data', listen)
  // A process that holds a stream open may write to it for ever.
  while (
    quiet < QUIET_TURNS &&
    read < MOST_LEFT_BYTES &&
    streams.some((stream) => !stream.closed)
  ) {
    quiet++
    await turn()
  }
  for (const stream of streams) stream.off('data', listen)
}

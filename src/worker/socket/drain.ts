import type { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'

/**
 * Two turns of the event loop have a whole look at the descriptors between them; one more is for
 * what Node puts off.
 */
const QUIET_TURNS = 3

/** What a writer has left in its sockets and pipes is less. */
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
  // Who holds a stream open may write to it for ever.
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

/**
 * Chunks aim at taking this long in Python: long against a round trip, short against a person's
 * patience.
 */
const TARGET_MS = 10
/** Few enough bytes that all chunks under way stay small. */
export const MAX_CHUNK_BYTES: number = 128 * 1024
/**
 * A chunk is at most this many times as large as the one that was learned from: the next records
 * may be slower.
 */
const GROWTH = 4

/**
 * How many bytes of records a chunk has: one record at first, then as many as take some
 * milliseconds.
 */
export class ChunkBytes {
  #now = 1

  get now(): number {
    return this.#now
  }

  /** A chunk of `bytes` bytes took `ms` in Python. */
  learn(bytes: number, ms: number): void {
    // a chunk ends where a record does; one far smaller is the end of what was read
    if (bytes * 2 < this.#now) return
    const ideal = Math.ceil((bytes * TARGET_MS) / Math.max(ms, 0.001))
    this.#now = Math.max(1, Math.min(ideal, bytes * GROWTH, MAX_CHUNK_BYTES))
  }
}

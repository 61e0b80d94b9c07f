/** The time that a chunk should take in Python: long for a round trip, and too short to notice. */
const TARGET_MS = 10
/** The largest chunk, so that all chunks together need little memory. */
export const MAX_CHUNK_BYTES: number = 128 * 1024
/** A chunk is at most this many times larger than the last one: its records may be slower. */
const GROWTH = 4

/** The size of chunks: one record at first, then the bytes that take `TARGET_MS` in Python. */
export class ChunkBytes {
  #now = 1

  get now(): number {
    return this.#now
  }

  /** A chunk of `bytes` bytes took `ms` in Python. */
  learn(bytes: number, ms: number): void {
    // a much smaller chunk is the end of the bytes that were read: too little to learn from
    if (bytes * 2 < this.#now) return
    const ideal = Math.ceil((bytes * TARGET_MS) / Math.max(ms, 0.001))
    this.#now = Math.max(1, Math.min(ideal, bytes * GROWTH, MAX_CHUNK_BYTES))
  }
}

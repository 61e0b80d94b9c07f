import { malformed } from './marshal/malformed.ts'

/**
 * Stands for a chunk until all chunks are read. Python sends a value that is nested too deeply for
 * marshal in chunks; the first one is the root.
 */
export class ChunkReference {
  readonly index: number

  constructor(index: number) {
    this.index = index
  }
}

/** The steps that wait until all chunks of a payload are read. */
export class Chunks {
  readonly #steps: ((chunks: readonly unknown[]) => void)[] = []

  /** Adds a step. */
  later(step: (chunks: readonly unknown[]) => void): void {
    this.#steps.push(step)
  }

  /** Adds the step that puts a chunk into its place. */
  put(target: object, key: number | string, { index }: ChunkReference): void {
    this.later((chunks) => {
      if (!(Number.isInteger(index) && index > 0 && index < chunks.length))
        malformed(`there is no chunk ${index}`)
      checkThen(key, chunks[index])
      define(target, key, chunks[index])
    })
  }

  /** Runs all steps, and returns the root. */
  complete(chunks: unknown): unknown {
    if (!Array.isArray(chunks) || chunks.length === 0) malformed('chunks that are no list')
    for (const step of this.#steps) step(chunks)
    return chunks[0]
  }
}

/** Refuses an object that `await` takes for a promise: the kernel sends such a dict as a Map. */
export function checkThen(key: number | string, value: unknown): void {
  if (key === 'then' && typeof value === 'function') malformed('an object that is a promise')
}

/** Defines a property of any name, such as `__proto__`. */
export function define(target: object, key: number | string, value: unknown): void {
  Object.defineProperty(target, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  })
}

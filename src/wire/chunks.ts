import { malformed } from './marshal/malformed.ts'

/**
 * What is nested too deeply for marshal comes in chunks; the first one is the root. This stands for
 * a chunk until all of them are read.
 */
export class ChunkReference {
  readonly index: number

  constructor(index: number) {
    this.index = index
  }
}

/** What is left to do once all chunks of a payload are read. */
export class Chunks {
  readonly #steps: ((chunks: readonly unknown[]) => void)[] = []

  /** Does something in the end. */
  later(step: (chunks: readonly unknown[]) => void): void {
    this.#steps.push(step)
  }

  /** Puts a chunk into its place in the end. */
  put(target: object, key: number | string, { index }: ChunkReference): void {
    this.later((chunks) => {
      if (!(Number.isInteger(index) && index > 0 && index < chunks.length))
        malformed(`there is no chunk ${index}`)
      checkThen(key, chunks[index])
      define(target, key, chunks[index])
    })
  }

  /** Does what was left, and returns the root. `chunks`: what was read. */
  complete(chunks: unknown): unknown {
    if (!Array.isArray(chunks) || chunks.length === 0) malformed('chunks that are no list')
    for (const step of this.#steps) step(chunks)
    return chunks[0]
  }
}

/** The kernel sends a dict that JavaScript would take for a promise as a Map. */
export function checkThen(key: number | string, value: unknown): void {
  if (key === 'then' && typeof value === 'function') malformed('an object that is a promise')
}

/** Makes a property whatever its name is, such as `__proto__`. */
export function define(target: object, key: number | string, value: unknown): void {
  Object.defineProperty(target, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  })
}

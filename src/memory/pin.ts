import workerThreads from 'node:worker_threads'

/** A buffer and the methods that Node 22 and newer give it. */
export type Movable = ArrayBuffer & { transfer?(): ArrayBuffer }

/** The methods that hand a buffer's memory over to another buffer. */
const MOVES = ['transfer', 'transferToFixedLength', 'transferToImmutable'] as const
const WASM_PAGE_BYTES = 65_536

/**
 * Makes a buffer keep its memory as long as the buffer lives: `postMessage` copies the memory (Node 20) or refuses to hand it over,
 * and `transfer` refuses.
 */
export function pin(buffer: ArrayBuffer): ArrayBuffer {
  const marked = isTransferable(buffer)
  if (marked) workerThreads.markAsUntransferable(buffer)
  if (!marked || !markHolds()) guardMoves()
  for (const name of [...MOVES, 'resize'] as const) {
    if (name in buffer) Object.defineProperty(buffer, name, { value: refuse, configurable: true, writable: true })
  }
  return buffer
}

function refuse(): never {
  throw new TypeError('This ArrayBuffer shares its memory with Python: it cannot be transferred or resized')
}

/**
 * Whether Node would transfer this buffer if nobody marked it. Only such a buffer may be marked: Node 24 and newer abort when they
 * detach a marked buffer themselves, which they do with memory of native code at the end of a JavaScript thread, and with a
 * `WebAssembly.Memory` that grows.
 */
function isTransferable(buffer: ArrayBuffer): boolean {
  const { isMarkedAsUntransferable } = workerThreads as { isMarkedAsUntransferable?(buffer: ArrayBuffer): boolean }
  if (isMarkedAsUntransferable?.(buffer)) return false // Node marks memory of native code
  return buffer.byteLength % WASM_PAGE_BYTES !== 0 || wouldTransfer(buffer)
}

const ACCEPTED = new Error('The transfer list was accepted')
const stopper = {
  get value(): never {
    throw ACCEPTED
  },
}

/** Node checks the transfer list first, then reads the value, and transfers nothing when the value throws. */
function wouldTransfer(buffer: ArrayBuffer): boolean {
  try {
    structuredClone(stopper, { transfer: [buffer] })
  } catch (error) {
    return error === ACCEPTED
  }
  return false
}

let holds: boolean | undefined

/** Whether V8 itself refuses to move the memory of a marked buffer: Node 24 and newer, not Node 22. */
function markHolds(): boolean {
  if (holds === undefined) {
    const marked: Movable = new ArrayBuffer(1)
    workerThreads.markAsUntransferable(marked)
    try {
      marked.transfer?.()
    } catch {
      // refused
    }
    holds = marked.byteLength === 1
  }
  return holds
}

let guarded = false

/** Makes `ArrayBuffer.prototype.transfer.call(buffer)` refuse pinned buffers, as their own `transfer` does. */
function guardMoves(): void {
  if (guarded) return
  guarded = true
  const prototype = ArrayBuffer.prototype as unknown as Record<string, unknown>
  for (const name of MOVES) {
    const move = prototype[name]
    if (typeof move !== 'function') continue
    const guard = {
      [name](this: Movable | undefined, ...args: unknown[]): unknown {
        return this?.transfer === refuse ? refuse() : Reflect.apply(move, this, args)
      },
    }[name]
    Object.defineProperty(prototype, name, { value: guard, configurable: true, writable: true })
  }
}

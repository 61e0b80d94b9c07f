import workerThreads from 'node:worker_threads'

/** A buffer, with a method that Node 22 and newer have. */
export type Movable = ArrayBuffer & { transfer?(): ArrayBuffer }

/** The methods that hand a buffer's memory over to another buffer. */
const MOVES = ['transfer', 'transferToFixedLength', 'transferToImmutable'] as const
const WASM_PAGE_BYTES = 65_536

/**
 * Makes a buffer keep its memory as long as the buffer lives: `postMessage` copies the memory (Node
 * 20) or refuses to hand it over, and the buffer's `transfer` refuses. On Node 22,
 * `ArrayBuffer.prototype.transfer.call(buffer)` still moves the memory: no mark of Node's stops it
 * there, and pythreads replaces no function of the language.
 */
export function pin(buffer: ArrayBuffer): ArrayBuffer {
  if (isTransferable(buffer)) workerThreads.markAsUntransferable(buffer)
  for (const name of [...MOVES, 'resize'] as const) {
    if (name in buffer)
      Object.defineProperty(buffer, name, { value: refuse, configurable: true, writable: true })
  }
  return buffer
}

function refuse(): never {
  throw new TypeError(
    'This ArrayBuffer shares its memory with Python: it cannot be transferred or resized',
  )
}

/**
 * Whether Node would transfer this buffer if nobody marked it. Only such a buffer may be marked:
 * Node 24 and newer abort when they detach a marked buffer themselves, which they do with memory of
 * native code at the end of a JavaScript thread, and with a `WebAssembly.Memory` that grows.
 */
function isTransferable(buffer: ArrayBuffer): boolean {
  const { isMarkedAsUntransferable } = workerThreads as {
    isMarkedAsUntransferable?(buffer: ArrayBuffer): boolean
  }
  if (isMarkedAsUntransferable?.(buffer)) return false // Node marks memory of native code
  return buffer.byteLength % WASM_PAGE_BYTES !== 0 || wouldTransfer(buffer)
}

const ACCEPTED = new Error('The transfer list was accepted')
const stopper = {
  get value(): never {
    throw ACCEPTED
  },
}

/**
 * Tries a transfer without effect: `structuredClone` checks the transfer list first, then reads the
 * value, and transfers nothing when the value throws.
 */
function wouldTransfer(buffer: ArrayBuffer): boolean {
  try {
    structuredClone(stopper, { transfer: [buffer] })
  } catch (error) {
    return error === ACCEPTED
  }
  return false
}

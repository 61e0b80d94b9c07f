import { types } from 'node:util'
import { attempt } from '../attempt.ts'
import { PythreadsError } from '../errors/index.ts'
import { lender } from './lend.ts'

/** Any typed array. */
export type TypedArray =
  | (
      | Int8Array
      | Uint8Array
      | Uint8ClampedArray
      | Int16Array
      | Uint16Array
      | Int32Array
      | Uint32Array
    )
  | (Float32Array | Float64Array | BigInt64Array | BigUint64Array)

/** The class of a typed array. */
export type TypedArrayConstructor =
  | (
      | Int8ArrayConstructor
      | Uint8ArrayConstructor
      | Uint8ClampedArrayConstructor
      | Int16ArrayConstructor
      | Uint16ArrayConstructor
    )
  | (
      | Int32ArrayConstructor
      | Uint32ArrayConstructor
      | Float32ArrayConstructor
      | Float64ArrayConstructor
    )
  | (BigInt64ArrayConstructor | BigUint64ArrayConstructor)

/**
 * Makes a typed array in memory that Python sees, in this process and in worker processes.
 *
 * @throws `ERR_PYTHREADS_ARGUMENT`, `ERR_PYTHREADS_MEMORY`
 */
export function allocate<K extends TypedArrayConstructor>(
  kind: K,
  length: number,
): InstanceType<K> {
  if (!isTypedArrayClass(kind)) {
    throw new PythreadsError(
      'ERR_PYTHREADS_ARGUMENT',
      'alloc takes the class of a typed array, e.g. Float64Array',
    )
  }
  if (!(Number.isSafeInteger(length) && length >= 0)) {
    throw new PythreadsError(
      'ERR_PYTHREADS_ARGUMENT',
      `alloc takes a length, a whole number from 0; got ${String(length)}`,
    )
  }
  const bytes = length * kind.BYTES_PER_ELEMENT
  const ofKind = kind as unknown as {
    new (length: number): InstanceType<K>
    new (buffer: ArrayBuffer, at: number, length: number): InstanceType<K>
  }
  const segment = bytes === 0 ? undefined : lender()
  // an ordinary array, which is copied for each call
  if (segment?.allocates !== true) return inMemory(bytes, () => new ofKind(length))
  const buffer = segment.allocate(bytes)
  if (buffer === undefined) throw noRoom(bytes)
  return inMemory(bytes, () => new ofKind(buffer, 0, length))
}

/**
 * Whether `kind` is the class of a typed array, of this JavaScript realm or of another one, such as
 * that of `node:vm`. Derived classes are refused.
 */
function isTypedArrayClass(kind: unknown): boolean {
  if (typeof kind !== 'function' || !Object.hasOwn(kind, 'BYTES_PER_ELEMENT')) return false
  return types.isTypedArray(attempt(() => Reflect.construct(kind, [0]))) // Bun's DataView throws
}

function inMemory<T>(bytes: number, make: () => T): T {
  try {
    return make()
  } catch (cause) {
    throw noRoom(bytes, cause)
  }
}

function noRoom(bytes: number, cause?: unknown): PythreadsError {
  return new PythreadsError(
    'ERR_PYTHREADS_MEMORY',
    `There is no room for an array of ${bytes} bytes in the memory that Python shares`,
    { cause },
  )
}

type ArrayKind =
  | Uint8ArrayConstructor
  | Int8ArrayConstructor
  | Int16ArrayConstructor
  | Uint16ArrayConstructor
  | Int32ArrayConstructor
  | Uint32ArrayConstructor
  | BigInt64ArrayConstructor
  | BigUint64ArrayConstructor
  | Float32ArrayConstructor
  | Float64ArrayConstructor

/**
 * Typed arrays by the format of their items, as Python's `struct` module names it. From Python,
 * bytes (`B`) need no escape.
 */
export const ARRAY_KINDS: ReadonlyMap<string, ArrayKind> = new Map<string, ArrayKind>([
  ['B', Uint8Array],
  ['b', Int8Array],
  ['h', Int16Array],
  ['H', Uint16Array],
  ['i', Int32Array],
  ['I', Uint32Array],
  ['q', BigInt64Array],
  ['Q', BigUint64Array],
  ['f', Float32Array],
  ['d', Float64Array],
])

const FORMATS = new Map<string, string>([
  ...Array.from(ARRAY_KINDS, ([format, kind]) => [kind.name, format] as const),
  ['Uint8ClampedArray', 'B'],
])
/** The name of a typed array's class, whatever a subclass says; `undefined` for a DataView. */
const kindOf = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)?.get as (this: ArrayBufferView) => string | undefined

/**
 * The format of a typed array's items, `B` for bytes of any kind; `undefined` where Python has no
 * such items.
 */
export function formatOf(value: ArrayBufferView): string | undefined {
  const kind = kindOf.call(value)
  return kind === undefined ? 'B' : FORMATS.get(kind)
}

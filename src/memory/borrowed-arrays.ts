import { sweepPython } from '../native/index.ts'
import { whenThreadEnds } from './exit.ts'
import { INLINE_BYTES } from './lend.ts'
import { type MappedFile, mappedBytes, RETURNED } from './lent-files.ts'
import { type Part, viewOf } from './mapping.ts'

/** The ArrayBuffers of this thread that show memory of Python, and the end of their loans. */

/** The time from the end of a loan until Python is told to look for returned memory. */
const SWEEP_MS = 50

/** Where the memory of a loan is. */
export interface Located {
  readonly address: number
  readonly part: Part
  /** The table of flags in which the end of the loan is noted, and the place there. */
  readonly flags: Uint8Array
  readonly flag: number
  /** `undefined`: the memory of this process. */
  readonly file: MappedFile | undefined
}

/** The loans whose memory this thread shows. */
const loans = new Set<Located>()

/**
 * The large buffers of memory of this process, by their address. While a buffer lives, its loan
 * keeps the memory in place: another loan of that address is of the same memory, and gets the same
 * buffer. Making a new one would be slow: V8 collects garbage after every few large buffers.
 */
const shown = new Map<number, WeakRef<ArrayBuffer>>()

const collected = new FinalizationRegistry<Located>((loan) => {
  loans.delete(loan)
  const { address, file, flags, flag } = loan
  if (isKept(loan) && shown.get(address)?.deref() === undefined) shown.delete(address)
  if (file?.ended !== true) flags[flag] = RETURNED
  if (file === undefined) sweepSoon()
  else file.hide(flag)
})

/** Shows the memory of a loan. The loan is over when the buffer is collected. */
export function show(loan: Located): ArrayBuffer {
  const { address, part, flag, file } = loan
  const buffer = viewOf(address, part.bytes)
  if (isKept(loan)) shown.set(address, new WeakRef(buffer))
  if (loans.size === 0) whenThreadEnds(returnAll)
  loans.add(loan)
  file?.show(flag, part)
  collected.register(buffer, loan)
  return buffer
}

/** The buffer that shows this memory already. */
export function bufferAt(address: number, bytes: number): ArrayBuffer | undefined {
  const buffer = shown.get(address)?.deref()
  return buffer?.byteLength === bytes ? buffer : undefined
}

function isKept({ file, part }: Located): boolean {
  return file === undefined && part.bytes >= INLINE_BYTES
}

/** The arrays of a thread end with the thread. */
function returnAll(): void {
  for (const { flags, flag, file } of loans) {
    if (file?.ended !== true) flags[flag] = RETURNED
    file?.discard()
  }
  loans.clear()
  sweepPython()
}

let sweeping = false

/**
 * Has the Python of this process look for returned memory, after a moment in which more may be
 * returned.
 */
export function sweepSoon(): void {
  if (sweeping) return
  sweeping = true
  setTimeout(() => {
    sweeping = false
    sweepPython()
  }, SWEEP_MS).unref()
}

/** The number of arrays of this thread that are memory of Python. */
export function borrowedCount(): number {
  return loans.size
}

/** The bytes of those arrays, and the memory that they and their files take. */
export function borrowedUse(): { used: number; resident: number } {
  let used = 0
  let resident = mappedBytes()
  for (const { part, file } of loans) {
    used += part.bytes
    if (file === undefined) resident += part.bytes
  }
  return { used, resident }
}

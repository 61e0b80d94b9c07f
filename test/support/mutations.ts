import fc from 'fast-check'
import { PythreadsError } from '../../src/index.ts'
import { decode } from '../../src/wire/index.ts'

/** Positions (as fractions) at which to change a byte, to take some out, or to put some in. */
export const mutations = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.constantFrom(0, 0, 1, 1, 1, 4),
    put: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 5 }),
  }),
  { minLength: 1, maxLength: 4 },
)

export function mutated(
  bytes: Buffer,
  changes: readonly { at: number; cut: number; put: number[] }[],
): Buffer {
  let result = bytes
  for (const { at, cut, put } of changes) {
    const index = Math.floor(at * result.length)
    result = Buffer.concat([
      result.subarray(0, index),
      Buffer.from(put),
      result.subarray(index + cut),
    ])
  }
  return result
}

/** Decodes; returns the code when it is refused. Fails on any other error. */
export function readOrRefused(bytes: Buffer): string | undefined {
  try {
    decode(bytes)
    return undefined
  } catch (error) {
    if (!(error instanceof PythreadsError)) throw error
    if (error.code !== 'ERR_PYTHREADS_PROTOCOL' && error.code !== 'ERR_PYTHREADS_VALUE') throw error
    return error.code
  }
}

/** What the bits of a float16 mean, as numpy says. */
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { NdArray } from '../../src/index.ts'
import { notHere } from '../support/not-here.ts'
import { pythons } from '../support/pythons.ts'

describe('an NdArray', () => {
  it('has float16 as numpy has it, all 65,536 of them', () => {
    const { packages } = pythons.find(({ packages }) => packages !== null) ?? {}
    if (packages == null) return notHere('Python with numpy')
    const program =
      'import numpy, sys; sys.stdout.buffer.write(numpy.arange(65536, dtype="u2").view("f2").astype("f8").tobytes())'
    const bytes = new Uint8Array(
      execFileSync(packages, ['-W', 'ignore', '-c', program], { maxBuffer: 2 ** 20 }),
    )
    const ours = new NdArray({
      data: Uint16Array.from({ length: 65_536 }, (_, i) => i),
      shape: [65_536],
      dtype: 'float16',
    })
    expect(Float64Array.from(ours.toArray() as number[])).toEqual(new Float64Array(bytes.buffer))
  })
})

/**
 * Process isolation needs no koffi. Without it this process can map nothing: arrays go to Python by
 * the channel, and what worker processes lend is read from their files.
 */
import { isDeepStrictEqual } from 'node:util'
import { expect, it, vi } from 'vitest'
import { findPython } from '../../src/discovery/index.ts'
import { Python } from '../../src/index.ts'
import { choose } from '../../src/isolation/index.ts'
import { placement } from '../support/placement.ts'

vi.mock('../../src/native/ffi.ts', () => ({
  avoidsNativeCalls: false,
  makesNativeCalls: () => false,
  ffi: () => {
    throw new Error('koffi does not load')
  },
}))

it('arrays and large values cross without koffi', async () => {
  await using py = await Python.start({
    isolation: 'process',
    python: placement('process').python,
    workers: 1,
  })
  await py.exec('from array import array')
  for (let round = 0; round < 20; round++) {
    const numbers = new Float64Array(200_000).map((_, i) => i + round)
    const sent = [numbers, new Uint8Array(100_000).fill(round), ['x'.repeat(1_000_000), round]]
    const allocated = py.alloc(Uint8Array, 100_000).fill(round)
    const back = [
      await py.eval`array("d", ${numbers})`,
      await py.eval`bytes(${allocated})`,
      await py.eval`[${'x'.repeat(1_000_000)}, ${round}]`,
    ]
    expect(isDeepStrictEqual(back, sent)).toBe(true) // toEqual takes a second for so many numbers
  }
  expect(py.stats().memory).toEqual({ lent: 0, borrowed: 0, usedMb: 0, residentMb: 0 })
  const pid = py.stats().workers[0]?.pid
  const lent = Number(
    await py.eval('__import__("pythreads_kernel.lend", fromlist=["x"])._lender.count'),
  )
  expect(lent, `loans of process ${pid}`).toBeLessThan(3)
})

it("'auto' takes a process without koffi, on a free-threaded Python too, and says why", async () => {
  const { facts } = await findPython(placement('process').python)
  const { isolation, reasons } = await choose(
    { ...facts, freeThreaded: true, libpython: '/made/up/lib' },
    [],
    [],
  )
  expect([isolation, reasons[0]]).toEqual(['process', 'not thread: koffi does not load'])
})

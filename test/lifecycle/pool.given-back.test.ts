/**
 * Pools that are opened and closed, one after the other, leave no descriptors, threads or address
 * space behind, though the program keeps an array of every worker. Each run is a process of its own
 * (test/fixtures/pools-come-and-go.ts).
 */
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/child.ts'
import { placements, pythons } from '../support/pythons.ts'
import { scaled } from '../support/scale.ts'

const POOLS = scaled(8, 20)
/** What the file of one worker takes of the address space, at least. */
const SHARED_MB = 4_096

// Interpreters are not destroyed before 3.14.
const places = [
  ...placements.map(({ name, isolation, python }) => ({ name, isolation, python })),
  ...pythons
    .filter(({ isolations, version }) => isolations.includes('subinterpreter') && version[1] < 14)
    .map(({ release, executable }) => ({
      name: `subinterpreter (${release})`,
      isolation: 'subinterpreter' as const,
      python: executable,
    }))
    .filter(
      ({ python }) =>
        !placements.some(
          (place) => place.isolation === 'subinterpreter' && place.python === python,
        ),
    ),
]

describe.each(places)('pools that come and go, $name', ({ isolation, python }) => {
  it('give everything back', async () => {
    const run = { python, isolation, pools: POOLS, sharedMemoryMb: SHARED_MB }
    const { code, stdout, stderr } = await runFixture('pools-come-and-go', [JSON.stringify(run)])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { first, last, wrong } = JSON.parse(stdout)
    expect(wrong).toBe(0)
    expect(last.descriptors).toBeLessThanOrEqual(first.descriptors)
    expect(last.threads).toBeLessThanOrEqual(first.threads)
    expect(last.addressMb - first.addressMb).toBeLessThan(SHARED_MB)
  })
})

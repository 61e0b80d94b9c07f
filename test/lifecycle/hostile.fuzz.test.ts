/**
 * A host stays what it is whatever a worker writes: frames of every kind and escape, right ones,
 * nearly right ones and garbage, on both channels, and bytes on the status page. Real pools are
 * attacked in processes that are watched from outside, with honest calls beside each attack: none
 * gets another result, none is lost, nobody else's function is called or dropped, no file and no
 * prototype is changed.
 *
 * `npm run fuzz` does more of it (CONTRIBUTING.md). A fault is named with the arguments that make
 * it again.
 */
import { describe, expect, it } from 'vitest'
import { readCorpus } from '../harness/fuzz/corpus.ts'
import { Counts } from '../harness/fuzz/coverage.ts'
import { EVERYTHING } from '../harness/fuzz/frames.ts'
import { WAYS } from '../harness/fuzz/processes.ts'
import { watched } from '../harness/fuzz/watch.ts'
import { placements } from '../support/pythons.ts'
import { scaled } from '../support/scale.ts'

const PATIENCE_MS = 600_000

describe('frames of a hostile worker', () => {
  it('harm neither the host nor other calls, at the channels themselves', {
    timeout: PATIENCE_MS,
  }, async () => {
    const { sent, frames, workers, faults } = await watched('inside', {
      seed: 16,
      frames: scaled(5_000, 200_000),
    })
    expect(faults).toEqual([])
    const counts = new Counts()
    counts.addAll(sent)
    expect(counts.missing(EVERYTHING)).toEqual([])
    expect(frames).toBeGreaterThanOrEqual(scaled(5_000, 200_000))
    expect(workers).toBeGreaterThan(500)
  })

  const processes = placements.filter(({ isolation }) => isolation === 'process')
  it.each(processes)(
    'harm neither the host nor other calls, by processes that write them ($name)',
    { timeout: PATIENCE_MS },
    async ({ python }) => {
      const { faults, workers, sent } = await watched('processes', {
        seed: 16,
        frames: 1e9,
        workers: scaled(30, 300),
        python,
      })
      expect(faults).toEqual([])
      expect(workers).toBeGreaterThanOrEqual(scaled(30, 300))
      const counts = new Counts()
      counts.addAll(sent)
      expect(counts.missing(WAYS)).toEqual([])
    },
  )
})

it('frames that once did harm do none any more', { timeout: PATIENCE_MS }, async () => {
  const cases = readCorpus()
  const { faults } = await watched('inside', {
    seed: 0,
    frames: 0,
    corpus: cases.map(({ frames }) => frames),
  })
  expect(
    faults.map(({ what, where }) => `${cases[Number(where.split(' ').at(-1))]?.name}: ${what}`),
  ).toEqual([])
})

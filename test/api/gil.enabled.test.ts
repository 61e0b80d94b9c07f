/**
 * A free-threaded Python whose GIL a module turns on again: the pool notices, says which module it
 * was, and says so in its statistics. CPython tells of it by a warning and by
 * `sys._is_gil_enabled`; both are brought about here, in the way in which CPython does it. A
 * failure means that a pool would lose its parallelism in silence.
 */
import { describe, expect, it } from 'vitest'
import { Python } from '../../src/index.ts'
import { placements, pythons } from '../support/pythons.ts'

const MESSAGE =
  "The global interpreter lock (GIL) has been enabled to load module 'slow._core', which has not declared that it can run safely" +
  ' without the GIL.'

const python = placements.find(({ name }) => name.includes('without'))?.python

/** What an extension module does that is not marked as safe. */
const TURN_ON = `
  import sys, warnings
  warnings.simplefilter('always')
  def turn_on():
      sys._is_gil_enabled = lambda: True
      warnings.warn(${JSON.stringify(MESSAGE)}, RuntimeWarning)
`

describe.runIf(python !== undefined).each(['thread', 'process'] as const)(
  '%s without a GIL',
  (isolation) => {
    it('that is turned on says by which module', async () => {
      await using py = await Python.start({ python, isolation, workers: 2, output: () => {} })
      const events: unknown[] = []
      py.on('gilEnabled', (details) => events.push(details))
      expect(py.stats().gil).toMatchObject({ enabled: false, enabledBy: null })
      await py.exec(TURN_ON)
      expect(py.stats().gil.enabled).toBe(false)
      await py.eval('turn_on()')
      await expect.poll(() => events.length).toBeGreaterThan(0)
      expect(events[0]).toEqual({ worker: expect.any(Number), module: 'slow._core' })
      expect(py.stats().gil).toMatchObject({ enabled: true, enabledBy: 'slow._core' })
    })
  },
)

describe('a Python with a GIL', () => {
  const usual = pythons.find(({ freeThreaded }) => !freeThreaded)?.executable
  it.runIf(usual !== undefined)('has it from the beginning, and nobody turned it on', async () => {
    await using py = await Python.start({ python: usual, isolation: 'process', workers: 1 })
    expect(py.stats().gil).toMatchObject({ enabled: true, enabledBy: null })
  })
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Python } from '../../../src/index.ts'
import { collectGarbage } from '../../support/held.ts'
import { file, type Placement, start } from '../../support/placement.ts'
import {
  atThresholds,
  fromTables,
  type Passenger,
  positions,
  throwEach,
} from '../../support/positions.ts'
import { isFull } from '../../support/scale.ts'
import { same } from './conversions.ts'

const MODULE = file('positions.py').pathname

/**
 * Every value in every position, below and above the thresholds; in `npm run test:full` each
 * threshold by itself.
 */
export function positionSuite(place: Placement): void {
  describe('a value in every position', () => {
    const passengers = [...fromTables, ...atThresholds(isFull)]
    let py: Python
    beforeAll(async () => {
      py = await start(place, { workers: 1 })
    })
    afterAll(() => py.close())

    it.each(Object.entries(positions(MODULE)))('crosses as %s', async (_, cross) => {
      const values = passengers.map(({ make }) => make(py))
      await arrived(passengers, values, await cross(py, values), py)
    })

    it('crosses as a value of exec', async () => {
      await using other = await start(place, { workers: 1 }) // which keeps the values
      const values = passengers.map(({ make }) => make(other))
      await other.exec`at_positions = ${values}`
      await arrived(passengers, values, await other.eval('at_positions'), other)
      // 3.13 without a GIL never frees functions, nor what they see
      await other.exec('globals().clear()')
    })

    it('crosses as a variable of a session', async () => {
      await using other = await start(place, { workers: 1 }) // which keeps the values
      await using session = await other.session()
      const values = passengers.map(({ make }) => make(other))
      await session.exec`alone = []`
      for (const value of values) await session.exec`alone.append(${value})`
      await arrived(passengers, values, await session.eval('alone'), other)
      await session.exec('globals().clear()')
    })

    it('crosses as an argument of initialize', async () => {
      const values = passengers.map(({ make }) => make(py))
      const kwargs = Object.fromEntries(values.slice(9).map((value, i) => [`v${i}`, value]))
      const initialize = { target: `${MODULE}:keep`, args: values.slice(0, 9), kwargs }
      await using other = await start(place, { workers: 1, initialize })
      await arrived(passengers, values, await other.run(`${MODULE}:take`), other)
    })

    it('comes back as the same value when a callback throws it', async () => {
      const values = passengers.map(({ make }) => make(py))
      const back = await throwEach(py, MODULE, values)
      for (const [i, value] of values.entries())
        expect(Object.is(back[i], value), passengers[i]?.title).toBe(true)
    })

    it('is not held by Python after its call', async () => {
      const look = async () => {
        collectGarbage() // of remote objects that hold some
        py.sync.run('gc:collect') // where sync calls have a worker of their own
        await py.run('gc:collect')
        return py.stats().callbacks
      }
      await expect.poll(look).toBe(0)
    })
  })
}

async function arrived(
  all: readonly Passenger[],
  sent: readonly unknown[],
  came: readonly unknown[],
  py: Python,
) {
  expect(came.length).toBe(sent.length)
  for (const [i, { title, back }] of all.entries()) {
    try {
      await same(came[i], back(sent[i], py))
    } catch (cause) {
      throw new Error(`${title}: ${(cause as Error).message}`, { cause })
    }
  }
}

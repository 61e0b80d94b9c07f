/**
 * The processes that `multiprocessing` starts in a worker do not outlive it, however it ends and
 * whatever they do. Each test is a host process of its own (test/fixtures/exit-orphans.ts).
 * `alive`: those that were there 1 s after it had ended.
 */
import { describe, expect, it } from 'vitest'
import { startFixture } from '../support/child.ts'
import { endingOf } from '../support/ending.ts'
import { placements, pythons } from '../support/pythons.ts'

const PATIENCE_MS = 250_000

describe.each(placements)('processes of processes, $name', ({ isolation, python }) => {
  const calls = [['idle'], ['busy'], ['nested'], ['not_daemon']]
  if (isolation === 'process')
    calls.push(['idle', 'fork'], ['busy', 'fork'], ['idle', 'forkserver'])
  const ends =
    isolation === 'process'
      ? ['natural end', 'process.exit', 'SIGKILL', 'the worker dies']
      : ['process.exit', 'SIGKILL']

  it.each(ends)('end with Node, by %s', async (end) => {
    const host = startFixture('exit-orphans', [JSON.stringify({ isolation, python, calls, end })])
    const { workers, alive } = await endingOf(host, PATIENCE_MS)
    expect({ alive, started: workers.length }).toEqual({
      alive: [],
      started: isolation === 'process' ? 8 : 5,
    })
  })
})

describe('processes of joblib', () => {
  const python = pythons.findLast((one) => one.packages !== null && !one.freeThreaded)?.packages

  it.each(['process.exit', 'SIGKILL'])('end with Node, by %s', async (end) => {
    const host = startFixture('exit-orphans', [
      JSON.stringify({ isolation: 'process', python, calls: [['loky']], end }),
    ])
    const { workers, alive } = await endingOf(host, PATIENCE_MS)
    expect({ alive, started: workers.length }).toEqual({ alive: [], started: 1 })
  })
})

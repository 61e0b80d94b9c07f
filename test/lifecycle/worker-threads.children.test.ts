/**
 * Threads of JavaScript that end leave no process of theirs behind, also none that has ended and
 * that nobody has waited for.
 */
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/child.ts'
import { placements } from '../support/pythons.ts'

describe.each(placements.filter((place) => place.isolation === 'process'))(
  'threads with worker processes, $name',
  ({ python }) => {
    it.runIf(process.platform === 'linux')(
      'wait for them when they end, however that is',
      async () => {
        const ends = ['close', 'natural end', 'process.exit', 'error']
        const { code, stdout } = await runFixture('worker-threads-children', [
          JSON.stringify({ python, ends }),
        ])
        expect({ code, stdout }).toEqual({ code: 0, stdout: 'children: 0\n' })
      },
    )
  },
)

/**
 * Memory stays flat whatever crosses: many calls of one shape in a child process, whose memory (and
 * that of its workers) is looked at ten times. What is held must be given back: no object and no
 * function is left at the end.
 *
 * PYTHREADS_CALLS sets the number of calls a shape; the quick suite makes fewer, of each shape in
 * one placement. 2,000,000 is for changes of what is held: the first million warms up (V8 takes its
 * last step of 10 MB after some 700,000 calls), the second one has to be flat.
 */
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/child.ts'
import { placements } from '../support/pythons.ts'
import { scaled, spread } from '../support/scale.ts'

const CALLS = process.env['PYTHREADS_CALLS'] ?? scaled('5000', '20000')
/** From the fifth look on, when buffers and caches have their size. */
const FIRST = 4
/** What the allocators of two languages may go up and down by. */
const NOISE_MB = 12

interface Report {
  readonly made: number
  readonly sizes: readonly number[]
  readonly objects: number
  readonly callbacks: number
}

const shapes = [
  ...[
    'plain',
    'object',
    'callback',
    'new function',
    'generator',
    'iterable',
    'coroutine',
    'exception',
    'thrown error',
  ],
  ...['sync', 'sync callback'],
]

const flat = placements.filter(({ name }) => !name.includes('without'))

describe.each(flat)('$name', ({ isolation, python, turn }) => {
  it.each(spread(shapes, turn, flat.length))(
    'calls of the shape `%s` leave memory flat',
    { timeout: 3_600_000 },
    async (shape) => {
      const { code, stdout, stderr } = await runFixture(
        'memory-slope',
        [isolation, python, shape, CALLS],
        {
          NODE_OPTIONS: '--max-semi-space-size=4', // V8's young generation grows in steps of its own, up to 45 MB
        },
      )
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const report = JSON.parse(stdout) as Report
      expect(report).toMatchObject({ made: Number(CALLS), objects: 0, callbacks: 0 })
      const late = report.sizes.slice(FIRST)
      const half = late.length / 2
      const growth = median(late.slice(half)) - median(late.slice(0, half))
      expect(growth, `MB at each look: ${report.sizes.join(', ')}`).toBeLessThan(NOISE_MB)
    },
  )
})

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

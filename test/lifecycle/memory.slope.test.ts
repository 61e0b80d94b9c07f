/**
 * Memory stays flat whatever crosses: many calls of one shape in a child process, which looks ten
 * times at what both languages hold and at the resident memory of all processes. What is held must
 * be given back: no object and no function is left at the end.
 *
 * The heaps say what they hold to the byte, so a leak of 200 bytes a call shows; the shapes
 * `LEAKS`, which leak that much, prove it.
 *
 * PYTHREADS_CALLS sets the number of calls a shape; the quick suite makes fewer, of each shape in
 * one placement. 2,000,000 is for changes of what is held: the first million warms up (V8 takes its
 * last step of 10 MB after some 700,000 calls), the second one has to be flat.
 */
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/child.ts'
import { notPossible } from '../support/not-here.ts'
import { placements } from '../support/pythons.ts'
import { scaled, spread } from '../support/scale.ts'

const CALLS = process.env['PYTHREADS_CALLS'] ?? scaled('5000', '20000')
/** From the fifth look on, when buffers and caches have their size. */
const FIRST = 4
const PATIENCE = { timeout: 3_600_000 }
/**
 * What may grow by a call. V8 compiles as it goes: 20 to 90 bytes a call over 5,000 calls, of which
 * nothing is held. Resident memory goes up and down.
 */
const MOST: Record<keyof Look, number> = {
  javascript: 170,
  python: 0.5,
  malloc: 120,
  resident: 12_000_000 / (0.3 * Number(CALLS)),
}

/**
 * Bytes of JavaScript, objects of Python, bytes of malloc in the processes that have Python, and
 * resident bytes.
 */
interface Look {
  readonly javascript: number
  readonly python: number
  readonly malloc: number
  readonly resident: number
}

interface Report {
  readonly made: number
  readonly looks: readonly Look[]
  readonly objects: number
  readonly callbacks: number
}

const SHAPES = [
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
/** What leaks 200 bytes a call, and where that shows. */
const LEAKS: readonly (readonly [shape: string, shows: keyof Look])[] = [
  ['leak in JavaScript', 'javascript'],
  ['leak outside the heap of JavaScript', 'javascript'],
  ['leak in Python', 'python'],
  ['leak in one object of Python', 'malloc'],
]

const flat = placements.filter(({ name }) => !name.includes('without'))

describe.each(flat)('$name', (place) => {
  it.each(spread(SHAPES, place.turn, flat.length))(
    'calls of the shape `%s` leave memory flat',
    PATIENCE,
    async (shape) => {
      const { growth, said } = await growthOf(place, shape)
      for (const [what, most] of Object.entries(MOST))
        expect(growth[what as keyof Look], `${what} at each look: ${said(what)}`).toBeLessThan(most)
    },
  )

  it.each(spread(LEAKS, place.turn, flat.length))(
    'the %s of 200 bytes a call is found',
    PATIENCE,
    async (shape, shows) => {
      const { growth, said, looks } = await growthOf(place, shape)
      if (looks.at(-1)?.[shows] === 0) return notPossible('mallinfo2 (glibc 2.33 or newer)')
      expect(growth[shows], `${shows} at each look: ${said(shows)}`).toBeGreaterThan(MOST[shows])
    },
  )
})

/** By how much each thing grew a call. */
async function growthOf({ isolation, python }: (typeof placements)[number], shape: string) {
  const { code, stdout, stderr } = await runFixture(
    'memory-slope',
    [isolation, python, shape, CALLS],
    {
      NODE_OPTIONS: '--max-semi-space-size=4', // V8's young generation grows in steps of its own, up to 45 MB
    },
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { looks, ...report } = JSON.parse(stdout) as Report
  expect(report).toMatchObject({ made: Number(CALLS), objects: 0, callbacks: 0 })
  const late = looks.slice(FIRST)
  const half = late.length / 2
  // From the median of the first half to that of the second one lie the calls of half of the looks.
  const calls = (half * Number(CALLS)) / looks.length
  const of = (what: keyof Look) => looks.map((look) => look[what])
  const grown = (values: readonly number[]) =>
    (median(values.slice(half)) - median(values.slice(0, half))) / calls
  const keys = Object.keys(MOST) as (keyof Look)[]
  const growth = Object.fromEntries(
    keys.map((what) => [what, grown(of(what).slice(FIRST))]),
  ) as Record<keyof Look, number>
  return { growth, looks, said: (what: string) => of(what as keyof Look).join(', ') }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

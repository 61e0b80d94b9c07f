/** A printed line belongs to one worker, however many of them print at once into one stdout. */
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/child.ts'
import { placements } from '../support/pythons.ts'
import { scaled } from '../support/scale.ts'

const ROWS = scaled(200, 2_000)
/** In a pipe the system keeps lines of several processes whole up to this size. */
const PIPE_BUF = 4_096
const pure = placements.filter(({ isolation }) => isolation === 'subinterpreter')
const cells = [
  ...placements.map(({ name, python, isolation }) => ({ name, python, isolations: [isolation] })),
  ...pure.map(({ name, python }) => ({
    name: `thread and ${name}`,
    python,
    isolations: ['thread', 'subinterpreter'],
  })),
]

describe('lines of several workers', () => {
  it.each(cells)('are whole, $name', async ({ python, isolations }) => {
    const long = isolations.includes('process') ? PIPE_BUF - 100 : 20_000
    const { code, stdout } = await runFixture('output-torn', [
      JSON.stringify({ isolations, python, rows: ROWS, long }),
    ])
    const lines = stdout.split('\n')
    expect(code).toBe(0)
    expect(lines.pop()).toBe('')
    const expected = isolations.flatMap((_, pool) =>
      [0, 1, 2].flatMap((worker) =>
        Array.from(
          { length: ROWS },
          (_, i) => `${pool} ${worker} ${i} ${'x'.repeat(i % 10 === 0 ? long : 30)} end`,
        ),
      ),
    )
    expect(lines.length).toBe(expected.length)
    expect(lines.sort().join('\n') === expected.sort().join('\n')).toBe(true)
  })
})

/**
 * What Python starts has the stdin, stdout and stderr that a Python program's children have: those
 * of the process, each of which waits for its reader. The fixture's stdout is a socket, its stdin
 * too.
 */
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/child.ts'
import { placements } from '../support/pythons.ts'

describe.each(placements)('what Python starts, $name', ({ isolation, python }) => {
  it.each(['before', 'after', 'never'])(
    "has Python's own streams, which Node opened %s Python's start",
    async (opens) => {
      const { code, stdout, stderr } = await runFixture('output-children', [
        JSON.stringify({ isolation, python, opens }),
      ])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const { own, report } = JSON.parse(stdout)
      expect(own).not.toContain('None')
      expect(Object.keys(report).length).toBeGreaterThanOrEqual(
        isolation === 'subinterpreter' ? 10 : 13,
      )
      expect(report).toEqual(
        Object.fromEntries(Object.keys(report).map((way) => [way, expected(own, way)])),
      )
    },
  )
})

/** `multiprocessing` gives its processes an empty stdin, as it does everywhere. */
function expected(own: string, way: string): unknown {
  const outputs = own.slice(own.indexOf('), ('))
  return way.startsWith('multiprocessing') ? expect.stringContaining(outputs) : own
}

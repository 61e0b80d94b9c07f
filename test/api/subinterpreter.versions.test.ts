/**
 * Every version of Python that has interpreters with a GIL of their own serves calls of every kind
 * in them: also 3.12, whose interpreters have no daemon threads and no ctypes. A process holds only
 * one Python, so each has a host of its own (test/fixtures/subinterpreter.ts).
 */
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/child.ts'
import { pythons } from '../support/pythons.ts'

const able = pythons.filter(({ isolations }) => isolations.includes('subinterpreter'))

describe.each(able)('sub-interpreters of $release', ({ executable }) => {
  it('serve calls, coroutines, callbacks, sessions and output, and end with their pool', async () => {
    const { code, stdout, stderr } = await runFixture('subinterpreter', [executable])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({
      call: 2,
      coroutine: 'slept',
      callback: 42,
      fromThread: [0, 1, 2],
      session: 7,
      map: [0, 1, 4, 9],
      sync: 3,
      lines: ['printed'],
      exits: 2,
      stats: { replaced: 0, running: 0, queued: 0 },
    })
  })
})

/**
 * NODE_DEBUG=pythreads prints what happens to a pool; without it nothing is printed. Node reads it
 * once a process: each is one of its own.
 */
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/child.ts'
import { placements } from '../support/pythons.ts'

describe.each(placements)('$name', ({ isolation, python }) => {
  const run = (env: NodeJS.ProcessEnv) =>
    runFixture('events-debug', [JSON.stringify({ isolation, python })], env)

  it('tells its events on stderr when it is asked to', async () => {
    const { code, stderr, stdout } = await run({ NODE_DEBUG: 'pythreads' })
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    const events = [...stderr.matchAll(/^PYTHREADS \d+: (\w+) \{/gm)].map(([, event]) => event)
    expect(events).toEqual(['workerStart', 'drain', 'workerStart', 'workerExit', 'workerExit'])
  })

  it('is silent otherwise', async () => {
    expect(await run({ NODE_DEBUG: 'net-of-somebody-else' })).toEqual({
      code: 0,
      signal: null,
      stdout: '',
      stderr: '',
    })
  })
})

// What happens before the first call: importing the package does nothing, and an environment in
// which Python would end the process is refused.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/child.ts'
import { placements } from '../support/pythons.ts'

describe('starting', () => {
  it('does nothing when the package is imported', async () => {
    const { code, stdout } = await runFixture('import-only')
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ listeners: 0, native: 0, resources: [] })
  })

  it.each(placements)('answers the first call, in $name', async ({ isolation, python }) => {
    expect(await runFixture('hello', [isolation], { PYTHREADS_PYTHON: python })).toMatchObject({
      code: 0,
      stdout: '{"id": 1}\n',
      stderr: '',
    })
  })

  it.each(placements)(
    'refuses an environment in which Python does not start, in $name',
    async ({ isolation, python }) => {
      const { code, stderr } = await runFixture('hello', [isolation], {
        PYTHREADS_PYTHON: python,
        PYTHONHOME: '/no/such/place',
      })
      expect(code).toBe(1)
      expect(stderr).toContain(
        isolation === 'process' ? 'ERR_PYTHREADS_WORKER_START' : 'ERR_PYTHREADS_PYTHON_BROKEN',
      )
    },
  )
})

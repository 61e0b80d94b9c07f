// Process isolation makes no native calls to start, call, cancel, print and end. Where koffi is
// missing, sync calls and arrays work all the same.
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/child.ts'
import { placement } from '../support/placement.ts'

const PLAIN = [2, [0, 2, 4], 'slept', 'ERR_PYTHREADS_ABORTED', 7, 200_000, null, 2]
const MORE = [5, 300_000, [100_000, 3], 300_000, 20_000, [2, 3]]

async function run(mode: string) {
  const { python } = placement('process')
  const { stdout, stderr } = await runFixture('process-without-koffi', [mode], {
    PYTHREADS_PYTHON: python,
  })
  expect(stderr).toBe('')
  return JSON.parse(stdout) as { values: unknown[]; loaded: string[]; lines: string[] }
}

describe('process isolation', () => {
  it('loads no koffi for what needs no native call', async () => {
    const { values, loaded, lines } = await run('plain')
    expect(values).toEqual([...PLAIN, null])
    expect(lines).toEqual(['printed'])
    expect(loaded).toEqual([])
  })

  it('loads koffi for the first sync call', async () => {
    const { values, loaded } = await run('all')
    expect(values).toEqual([...PLAIN, ...MORE, null])
    expect(loaded[0]).toBe('sync')
  })

  it('works where koffi is missing', async () => {
    const { values, loaded } = await run('missing')
    expect(values).toEqual([...PLAIN, ...MORE, null])
    expect(loaded).toEqual([])
  })
})

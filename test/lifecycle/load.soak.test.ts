/**
 * All kinds of traffic at a time, again and again (test/harness/soak): each comes out right, and
 * nothing is left when the pool is closed. How memory grows, `npm run soak` says, which takes
 * minutes.
 */
import { describe, expect, it } from 'vitest'
import type { Soak, SoakReport } from '../harness/soak/host.ts'
import { DEATHS, TRAFFIC } from '../harness/soak/traffic.ts'
import { runNode } from '../support/child.ts'
import { placements } from '../support/pythons.ts'
import { scaled } from '../support/scale.ts'

const HOST = new URL('../harness/soak/host.ts', import.meta.url).pathname

describe.each(scaled(placements.slice(0, 3), placements))('in $name', ({ isolation, python }) => {
  it('every kind of traffic comes out right beside all others, and leaves nothing', {
    timeout: 600_000,
  }, async () => {
    const soak: Soak = { isolation, python, rounds: scaled(24, 400) }
    const { code, stdout, stderr } = await runNode([
      '--expose-gc',
      '--import',
      'tsx',
      HOST,
      JSON.stringify(soak),
    ])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { counts, heard, wrong, left } = JSON.parse(stdout) as SoakReport
    expect({ wrong, left }).toEqual({ wrong: [], left: {} })
    const kinds = [...Object.keys(TRAFFIC), ...(isolation === 'process' ? Object.keys(DEATHS) : [])]
    expect(Object.keys(counts).sort()).toEqual(kinds.sort())
    expect(Object.keys(heard)).toEqual(['logging', 'output', 'warnings'])
  })
})

// Why: these scenarios of the benchmark hold workers, and count turns of the event loop: they must
// end and measure what they say, on a busy machine too.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { ANSWER_FD, type Outcome } from '../../bench/lib/job.ts'
import { SCENARIOS } from '../../bench/scenarios/index.ts'
import { placements } from '../support/pythons.ts'

const CELL = fileURLToPath(new URL('../../bench/cell.ts', import.meta.url))

it.concurrent.each(
  ['event-loop', 'generator'].flatMap((scenario) =>
    placements
      .filter(({ name }) => !name.includes('without'))
      .map((place) => [scenario, place.name, place] as const),
  ),
)('the scenario %s gives every figure in %s', async (name, _, { isolation, python }) => {
  const metrics = SCENARIOS.find((scenario) => scenario.name === name)?.metrics ?? {}
  const outcome = await outcomeOf({
    scenario: name,
    driver: `pythreads-${isolation}`,
    python,
    ms: 50,
    full: false,
  })
  expect(outcome).toEqual({ kind: 'values', values: expect.anything() })
  const { values } = outcome as Outcome & { kind: 'values' }
  expect(Object.keys(values)).toEqual(Object.keys(metrics))
  for (const [metric, value] of Object.entries(values))
    expect(value, metric).toBeGreaterThanOrEqual(0)
})

/**
 * What the process of a cell says, as `npm run bench` starts it, but without compiling it first.
 */
async function outcomeOf(job: object): Promise<Outcome> {
  const args = ['--import', 'tsx', CELL, JSON.stringify(job)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] })
  let said = ''
  let errors = ''
  child.stdio[ANSWER_FD]?.on('data', (data: Buffer) => (said += data.toString()))
  child.stderr?.on('data', (data: Buffer) => (errors += data.toString()))
  await new Promise((resolve) => child.once('close', resolve))
  if (said === '') throw new Error(errors)
  return JSON.parse(said) as Outcome
}

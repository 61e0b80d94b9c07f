// The process of one cell: one scenario through one driver. Answers on descriptor 3 and ends.
import { writeFileSync } from 'node:fs'
import { DRIVERS } from './drivers/index.ts'
import { type Engine, NotOffered } from './lib/engine.ts'
import { ANSWER_FD, type Job, type Outcome } from './lib/job.ts'
import { SCENARIOS } from './scenarios/index.ts'

/** What `work.py` raises, or pythreads in its place. */
const NO_NUMPY = /numpy\S* does not (load|support loading)/

const job = JSON.parse(process.argv[2] ?? '') as Job

async function run(): Promise<Outcome> {
  const scenario = SCENARIOS.find(({ name }) => name === job.scenario)
  const info = DRIVERS.find(({ name }) => name === job.driver)
  if (scenario === undefined || info === undefined)
    throw new Error(`there is no ${job.scenario} through ${job.driver}`)
  const { driver, maxWorkers } = await info
    .load()
    .then((driver) => ({ driver, maxWorkers: driver.maxWorkers ?? 1 }))
  let loaded: ReturnType<typeof driver.load> | undefined
  const load = () => (loaded ??= driver.load())
  const open = async (workers: number): Promise<Engine> =>
    (await load())({ workers: Math.min(workers, maxWorkers), python: job.python })
  const values = await scenario.run({
    load,
    open,
    maxWorkers,
    python: job.python,
    ms: job.ms,
    full: job.full,
  })
  return { kind: 'values', values }
}

function failed(error: unknown): Outcome {
  if (error instanceof NotOffered) return { kind: 'not offered', why: error.message }
  if (NO_NUMPY.test(String(error)))
    return { kind: 'not offered', why: 'numpy does not load into its interpreter' }
  return {
    kind: 'error',
    error: error instanceof Error ? (error.stack ?? error.message) : String(error),
  }
}

process.on('uncaughtException', (error) => answer(failed(error)))
answer(await run().catch(failed))

function answer(outcome: Outcome): never {
  writeFileSync(ANSWER_FD, JSON.stringify(outcome))
  process.exit(outcome.kind === 'error' ? 1 : 0)
}

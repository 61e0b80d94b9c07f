// Twenty threads that call Python, with the lock of the question and without it:
//   npx tsx examples/twenty-threads/main.ts [--isolation process] [--lock | --no-lock] [--rounds 3]
//   [--python .venv] npx tsx examples/twenty-threads/main.ts --count   leaves out the wait and the
//   printing, and counts
import { parseArgs } from 'node:util'
import { type IsolationKind, Python, PythreadsError } from 'pythreads'
import { Threads } from './threads.ts'

const WAIT_MS = 1000
const ISOLATIONS = ['thread', 'subinterpreter', 'process'] as const

const { values } = parseArgs({
  options: {
    isolation: { type: 'string' },
    lock: { type: 'boolean', default: false },
    'no-lock': { type: 'boolean', default: false },
    count: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    threads: { type: 'string', default: '20' },
    python: { type: 'string' },
  },
})
const isolations = ISOLATIONS.filter(
  (kind) => values.isolation === undefined || values.isolation === kind,
)
if (isolations.length === 0) throw new RangeError(`--isolation is one of ${ISOLATIONS.join(', ')}`)
const locks = [true, false].filter(
  (isLocked) => values.lock === values['no-lock'] || values.lock === isLocked,
)
const rounds = values.rounds === undefined ? undefined : positive('--rounds', values.rounds)
const threadCount = positive('--threads', values.threads)

let wrong = 0
const threads = new Threads(threadCount)
for (const isolation of isolations) {
  const python = await executableFor(isolation)
  if (python === undefined) continue
  await threads.open({ python, isolation })
  await (values.count ? count() : print())
  await threads.close()
}
await threads.end()
process.exitCode = wrong === 0 ? 0 : 1

/**
 * The program as it was. A single loop runs until Ctrl-C; where there are several, each runs three
 * rounds.
 */
async function print(): Promise<void> {
  const isSingle = isolations.length === 1 && locks.length === 1
  for (const isLocked of locks) {
    console.log(`  ${nameOf(isLocked)}:`)
    const job = {
      isLocked,
      isSlow: false,
      rounds: rounds ?? (isSingle ? Infinity : 3),
      waitMs: WAIT_MS,
      isPrinted: true,
    }
    const tally = await threads.run(job)
    wrong += tally.wrong
    console.log(`  ${tally.calls} calls, ${tally.wrong} wrong`)
  }
}

/**
 * Calls without a pause: `json.dumps`, then `json.dumps` after a millisecond of waiting in Python.
 */
async function count(): Promise<void> {
  for (const isSlow of [false, true]) {
    for (const isLocked of locks) {
      const start = performance.now()
      const job = {
        isLocked,
        isSlow,
        rounds: rounds ?? (isSlow ? 20 : 200),
        waitMs: 0,
        isPrinted: false,
      }
      const tally = await threads.run(job)
      wrong += tally.wrong
      const perSecond = Math.round(
        tally.calls / ((performance.now() - start) / 1000),
      ).toLocaleString('en-US')
      const what = `${isSlow ? 'wait 1 ms in Python, then json.dumps' : 'json.dumps'}, ${nameOf(isLocked)}:`
      console.log(
        `  ${what.padEnd(54)}${perSecond.padStart(7)} a second (${tally.calls} calls, ${tally.wrong} wrong)`,
      )
    }
  }
}

function nameOf(isLocked: boolean): string {
  return isLocked ? 'with a lock' : 'without a lock'
}

/**
 * The Python that all threads use, or `undefined` where that Python cannot run in this isolation.
 */
async function executableFor(isolation: IsolationKind): Promise<string | undefined> {
  try {
    await using py = await Python.start({ python: values.python, isolation, workers: 1 })
    const { executable, version } = py.stats().python
    console.log(`${threadCount} threads call Python ${version}, isolation ${isolation}`)
    return executable
  } catch (error) {
    if (!(error instanceof PythreadsError) || values.isolation !== undefined) throw error
    console.log(`(not ${isolation}: ${error.message.split('\n')[0]})`)
    return undefined
  }
}

function positive(option: string, text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 1)
    throw new RangeError(`${option} is a whole number above 0, not ${text}`)
  return number
}

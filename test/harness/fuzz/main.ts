/** `npm run fuzz -- --help` */
import { parseArgs } from 'node:util'
import { minimised, writeCase } from './corpus.ts'
import { Counts } from './coverage.ts'
import { EVERYTHING, Sequences } from './frames.ts'
import { sealedFile } from './memory.ts'
import type { Report, Run } from './recorder.ts'
import { type Level, watched } from './watch.ts'

const HELP = `Attacks hosts by frames that a hostile worker could write. Ends with status 1 when one does what it must not do.

  --frames N      how many frames are written within hosts, at their channels (default 100000)
  --workers N     how many worker processes write frames to their own descriptors (default 200)
  --minutes N     go on with other seeds for so long
  --seed N        what determines all frames (default: a new one, which is printed)
  --from N        the number of the first sequence, as a fault names it
  --only LEVEL    inside or processes
  --python PATH   the Python of worker processes
  --save NAME     write the fewest frames that do the same as each fault found inside to test/corpus/NAME-N.jsonl
`
/** On an idle machine. */
const LONGEST_STOP_MS = 1_000
/** The file of loans in cases of the corpus. */
const FILE = 200

const { values } = parseArgs({
  options: {
    ...{
      frames: { type: 'string' },
      workers: { type: 'string' },
      minutes: { type: 'string' },
      seed: { type: 'string' },
    },
    ...{
      from: { type: 'string' },
      only: { type: 'string' },
      python: { type: 'string' },
      save: { type: 'string' },
    },
    help: { type: 'boolean' },
  },
})

async function main(): Promise<void> {
  const end = Date.now() + Number(values.minutes ?? 0) * 60_000
  let seed = Number(values.seed ?? Date.now() % 2 ** 31)
  let found = 0
  do {
    console.log(`--seed ${seed}`)
    for (const level of ['inside', 'processes'] as const) {
      if (values.only === undefined || values.only === level) found += await attack(level, seed)
    }
    seed++
  } while (Date.now() < end)
  process.exitCode = found > 0 ? 1 : 0
}

async function attack(level: Level, seed: number): Promise<number> {
  const from = Number(values.from ?? 0)
  const run: Run = {
    ...{ seed, from },
    ...(level === 'inside'
      ? { frames: Number(values.frames ?? 100_000) }
      : { frames: 1e12, workers: Number(values.workers ?? 200) }),
    ...(values.python === undefined ? {} : { python: values.python }),
  }
  const report = await watched(level, run, ({ frames, workers }) => {
    if (process.stderr.isTTY)
      process.stderr.write(`\r${level}: ${frames} frames, ${workers} hostile workers `)
  })
  print(level, report)
  if (level === 'inside' && values.save !== undefined) await save(values.save, report)
  return report.faults.length
}

function print(
  level: Level,
  { frames, workers, sent, outcomes, faults, longestStopMs, slopes }: Report,
): void {
  const counts = new Counts()
  counts.addAll(sent)
  const unsent = counts.missing(EVERYTHING)
  console.log(
    `\n${level}: ${frames} frames by ${workers} hostile workers; the event loop stopped for ${longestStopMs} ms at the most`,
  )
  console.log('What became of the calls:')
  for (const [outcome, count] of Object.entries(outcomes).sort(([, one], [, other]) => other - one))
    console.log(`${String(count).padStart(8)} ${outcome}`)
  console.log('What the host held:')
  for (const [name, slope] of Object.entries(slopes)) console.log(`  ${name}: ${slope}`)
  if (longestStopMs > LONGEST_STOP_MS)
    console.log(`SLOW: the event loop stopped for ${longestStopMs} ms`)
  console.log(
    unsent.length === 0
      ? 'All kinds of frames and escapes were sent'
      : `Never sent: ${unsent.join(', ')}`,
  )
  for (const { what, where } of faults) console.log(`FAULT: ${what} (--only ${level} ${where})`)
}

async function save(name: string, { seed, faults }: Report): Promise<void> {
  const sequences = new Sequences(seed, new Counts(), sealedFile(FILE).ground)
  for (const [i, { what, where }] of faults.entries()) {
    const frames = await minimised(sequences.at(Number(/--from (\d+)/.exec(where)?.[1])), what)
    console.log(
      frames === undefined
        ? `Not by these frames alone: ${what} (${where})`
        : writeCase({ name: `${name}-${i}`, what, frames }),
    )
  }
}

if (values.help) console.log(HELP)
else await main()

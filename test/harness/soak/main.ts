/** `npm run soak -- --help` */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { gathered } from '../../support/child.ts'
import type { Soak, SoakReport } from './host.ts'

const HELP = `Makes traffic of every kind for a while in every isolation, and says what the host and its workers hold more of than before. Ends with
status 1 when something came out wrong, grew, or is left behind.

  --minutes N       for how long, all isolations together (default 5)
  --isolation LIST  such as thread,process (default: thread,subinterpreter,process)
  --python PATH     the Python (default: the one that pythreads finds)
`
/**
 * How much may come and go, by the end of a name: the allocators of two languages, and buffers that
 * are kept.
 */
const NOISE: Readonly<Record<string, number>> = {
  'rss MB': 24,
  'MB of a worker': 24,
  MB: 12,
  descriptors: 4,
  handles: 6,
  threads: 4,
}
const OTHER_NOISE = 20

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    isolation: { type: 'string' },
    python: { type: 'string' },
    help: { type: 'boolean' },
  },
})

async function main(): Promise<void> {
  const isolations = (values.isolation ?? 'thread,subinterpreter,process').split(
    ',',
  ) as Soak['isolation'][]
  const minutes = Number(values.minutes ?? 5) / isolations.length
  for (const isolation of isolations) {
    const { report, ending } = await host({
      isolation,
      minutes,
      ...(values.python === undefined ? {} : { python: values.python }),
    })
    if (report === undefined) console.log(`${isolation}: ${ending}`)
    const isBad = report === undefined || print(isolation, report)
    if (isBad) process.exitCode = 1
  }
}

async function host(soak: Soak): Promise<{ report?: SoakReport; ending: string }> {
  const path = fileURLToPath(new URL('host.ts', import.meta.url))
  const child = spawn(
    process.execPath,
    ['--expose-gc', '--import', 'tsx', path, JSON.stringify(soak)],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const { code, signal, stdout, stderr } = await gathered(child).ended
  const ending = `it ended by ${signal ?? `status ${code}`}: ${stderr.slice(0, 1_000)}`
  return code === 0 ? { report: JSON.parse(stdout) as SoakReport, ending } : { ending }
}

/** Returns whether anything is wrong. */
function print(
  isolation: string,
  { counts, wrong, heard, workers, growth, slopes, left }: SoakReport,
): boolean {
  const sum = Object.values(counts).reduce((all, count) => all + count, 0)
  console.log(
    `\n${isolation}: ${sum} calls of ${Object.keys(counts).length} kinds, ${workers.recycled} workers recycled and ${workers.replaced} replaced`,
  )
  console.log(
    `  heard: ${Object.entries(heard)
      .map(([what, count]) => `${count} of ${what}`)
      .join(', ')}`,
  )
  for (const [name, slope] of Object.entries(slopes))
    console.log(`  ${grew(name, growth) ? 'GREW ' : ''}${name}: ${slope}`)
  for (const line of wrong) console.log(`  WRONG ${line}`)
  for (const [what, count] of Object.entries(left)) console.log(`  LEFT ${count} ${what}`)
  const isBad =
    wrong.length > 0 ||
    Object.keys(left).length > 0 ||
    Object.keys(growth).some((name) => grew(name, growth))
  if (!isBad) console.log('  nothing grew, and nothing is left')
  return isBad
}

function grew(name: string, growth: Readonly<Record<string, number>>): boolean {
  const noise = Object.entries(NOISE).find(([end]) => name.endsWith(end))?.[1] ?? OTHER_NOISE
  return (growth[name] ?? 0) > noise
}

if (values.help) console.log(HELP)
else await main()

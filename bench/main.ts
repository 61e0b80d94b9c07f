// Measures pythreads beside its peers: `npm run bench -- --help`, README.md.
import { cpus, loadavg } from 'node:os'
import { compare } from './lib/compare.ts'
import { type BenchPythons, findPythons, type PythonName } from './lib/pythons.ts'
import { printResults } from './lib/report.ts'
import { type CellResult, FLOORS, fileOf, type Results, saveResults } from './lib/results.ts'
import { revision } from './lib/revision.ts'
import { floorOf, inRounds, type Runner, resultsOf, runnerOf } from './lib/rounds.ts'
import type { Scenario } from './lib/scenario.ts'
import { type Settings, settings } from './lib/settings.ts'
import { installPeers } from './peers/install.ts'
import { saveDocuments } from './report/documents.ts'
import { questionOf, readResults, saveReport } from './report/index.ts'
import { savePictures } from './report/png.ts'

async function measure(asked: Settings): Promise<void> {
  const pythons = await findPythons(asked.python)
  if (asked.compare !== undefined) return await compare(asked, asked.compare, pythons)
  const wanted = new Set(asked.drivers.flatMap(({ peer }) => (peer === undefined ? [] : [peer])))
  const peers = await installPeers([...wanted], pythons.main, asked.reinstall)
  const machine = {
    cpus: cpus().length,
    model: cpus()[0]?.model ?? '',
    node: process.version,
    load: loadavg(),
  }
  const { full, rounds, ms } = asked
  const begun = asked.continued ? readResults(fileOf(asked.name)) : undefined
  if (begun !== undefined && begun.revision !== revision())
    throw new Error(`${asked.name} was measured at ${begun.revision}`)
  const cells: CellResult[] = [...(begun?.cells ?? [])]
  const results = (): Results => ({
    at: new Date().toISOString(),
    revision: revision(),
    machine,
    settings: { full, rounds, ms },
    pythons,
    peers,
    cells,
  })
  const done = new Set(cells.map((cell) => cell.scenario))
  for (const scenario of asked.scenarios.filter(({ name }) => !done.has(name))) {
    const runners = [
      ...floors(scenario, asked, pythons),
      ...asked.drivers.map((info) => runnerOf(info, scenario, asked, pythons, peers)),
    ]
    const most = Math.min(rounds, scenario.rounds ?? rounds)
    const outcomes = await inRounds(runners, most, (round, name) =>
      progress(`${scenario.name}, round ${round + 1}: ${name}`),
    )
    const found = runners.map(({ name }) => resultsOf(scenario, name, outcomes.get(name) ?? []))
    for (const metric of Object.keys(scenario.metrics)) {
      const block = found.flat().filter((cell) => cell.metric === metric)
      // What only --full measures is not there in the quick set.
      if (block.some(({ summary, errors }) => summary !== undefined || errors !== undefined))
        cells.push(...block)
    }
    saveResults(results(), asked.name)
  }
  progress('')
  printResults(results(), questionOf)
  const files = [asked.name, ...(asked.complete ? ['latest'] : [])].map((name) =>
    saveResults(results(), name),
  )
  for (const file of files) console.log(`\n${file}`)
  await report(results(), files, asked)
}

/** The page beside each file; the pictures and tables for others. */
async function report(
  results: Results,
  files: readonly string[],
  { publish }: Settings,
): Promise<void> {
  for (const file of files) console.log(await saveReport(results, file))
  if (!publish) return
  for (const file of [...(await savePictures(results)), ...saveDocuments(results)])
    console.log(file)
}

/** Plain Python for each Python that takes part, where the scenario has such a floor. */
function floors(scenario: Scenario, { drivers, ms }: Settings, pythons: BenchPythons): Runner[] {
  if (Object.values(scenario.metrics).every(({ floor }) => floor === undefined)) return []
  const used = new Set<string>(drivers.map(({ python }) => python))
  return (Object.keys(FLOORS) as PythonName[]).flatMap((name) => {
    const python = pythons[name]
    const wanted = name === 'main' || (used.has(name) && python !== pythons.main)
    return python !== null && wanted ? [floorOf(FLOORS[name], scenario, python, ms)] : []
  })
}

/** One line, which the next one replaces. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
  else if (text !== '') process.stderr.write(`${text}\n`)
}

let asked: Settings
let known: Results | undefined
try {
  asked = settings(process.argv.slice(2))
  if (asked.report !== undefined) known = readResults(asked.report)
} catch (error) {
  console.error((error as Error).message)
  process.exit(2)
}
if (known === undefined) await measure(asked)
else await report(known, [asked.report ?? ''], asked)

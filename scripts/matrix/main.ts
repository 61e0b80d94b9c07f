/**
 * Runs test/smoke/smoke.mjs with each Node and each Python that are there, and prints the table:
 *   npm run matrix -- [--node 24]... [--python 3.13]... [--prepare] [--write] [--turn]
 * `--prepare` first makes the Pythons that can be made here. `--write` puts the table into
 * docs/platforms.md. `--turn` runs a quarter: which one, the number of commits decides.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { allCells, type Cell, cellsOfTurn } from './cells.ts'
import { findPythons, type MatrixPython, prepare, root } from './pythons.ts'
import { type CellResult, type IsolationResult, outcomeOf, tableOf } from './table.ts'

/** A cell takes some 5 s; a machine may be slow. */
const CELL_MS = 300_000
const MARKED = /(<!-- matrix -->\n)[\s\S]*?(\n<!-- \/matrix -->)/

const { values } = parseArgs({
  options: {
    node: { type: 'string', multiple: true },
    python: { type: 'string', multiple: true },
    prepare: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    turn: { type: 'boolean', default: false },
  },
})

if (values.prepare) prepare()
const cells = (values.turn ? cellsOfTurn(commits()) : allCells()).filter(
  ({ node, python }) =>
    (values.node ?? [node]).includes(node) && (values.python ?? [python]).includes(python),
)
const nodes = new Map([...new Set(cells.map(({ node }) => node))].map((node) => [node, find(node)]))
const pythons = await findPythons([...new Set(cells.map(({ python }) => python))])
const results = cells.map((cell) => {
  const result = run(cell, nodes.get(cell.node), pythons.get(cell.python))
  report(result)
  return result
})
const table = tableOf(results)
console.log(`\n${table}\n`)
if (values.write) write(table)
const count = (outcome: string) => results.filter((result) => outcomeOf(result) === outcome).length
console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('not there')} skipped`)
// A Python that is not there fails where it is made: .ci/run and scripts/test-full.sh.
const lacksNode = Boolean(process.env['CI']) && [...nodes.values()].includes(undefined)
if (count('failed') > 0 || count('passed') === 0 || lacksNode) process.exitCode = 1

function commits(): number {
  return Number(execFileSync('git', ['rev-list', '--count', 'HEAD'], { cwd: root }))
}

/** The path of the newest Node of a major version, if npm has it. */
function find(major: string): string | undefined {
  const { status, stdout } = spawnSync(join(root, 'scripts', 'node.sh'), [major], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return status === 0 ? stdout.trim() : undefined
}

function run(cell: Cell, node: string | undefined, python: MatrixPython | undefined): CellResult {
  if (node === undefined) return { ...cell, missing: `Node ${cell.node}`, results: [] }
  if (python === undefined) return { ...cell, missing: `Python ${cell.python}`, results: [] }
  const smoke = join(root, 'test', 'smoke', 'smoke.mjs')
  const [command = '', ...args] = [...python.prefix, node, smoke, '--json']
  const { stdout, stderr, signal } = spawnSync(command, [...args, '--python', python.executable], {
    cwd: root,
    encoding: 'utf8',
    timeout: CELL_MS,
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  try {
    const printed: { node: string; results: IsolationResult[] } = JSON.parse(stdout)
    return { ...cell, release: printed.node, results: printed.results }
  } catch {
    const error = `${signal ?? ''}\n${stdout}${stderr}`
    const failed = [{ name: 'the program', error }]
    return { ...cell, results: [{ isolation: 'all', passed: [], failed, left: [] }] }
  }
}

function report(result: CellResult): void {
  const name = `Python ${result.python}, Node ${result.node}`
  console.log(`${name}: ${outcomeOf(result)}`)
  for (const { isolation, failed } of result.results)
    for (const { name: what, error } of failed)
      console.log(`FAILED ${name}, ${isolation}: ${what}\n${error}`)
}

function write(text: string): void {
  const path = join(root, 'docs', 'platforms.md')
  const page = readFileSync(path, 'utf8')
  if (!MARKED.test(page)) throw new Error(`${path} has no place for the table`)
  writeFileSync(
    path,
    page.replace(MARKED, (_, begin, end) => `${begin}${text}${end}`),
  )
}

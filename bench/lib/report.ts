// The table that `npm run bench` prints: a block for each metric, a line for each driver.
import type { CellResult, Results } from './results.ts'
import { keyOf, verdictOf } from './verdicts.ts'

const NAME_WIDTH = 30
const VALUE_WIDTH = 14
const ERROR_WIDTH = 150

export function printResults(results: Results, question: (scenario: string) => string): void {
  const { cells } = results
  for (const key of new Set(cells.map(keyOf))) {
    const block = cells.filter((cell) => keyOf(cell) === key)
    const [head] = block
    if (head === undefined) continue
    const better = head.machine === true ? 'of the machine' : `${head.better} is better`
    console.log(
      `\n${head.scenario}, ${head.metric} [${head.unit}], ${better} (${question(head.scenario)})`,
    )
    for (const cell of block) console.log(`  ${line(cell, cells)}`)
  }
  printTroubles(cells)
}

function line(cell: CellResult, all: readonly CellResult[]): string {
  const name = cell.driver.padEnd(NAME_WIDTH)
  const { summary } = cell
  if (summary === undefined) {
    return `${name}${cell.notOffered === undefined ? `FAILED: ${firstLine(cell.errors?.[0])}` : `not offered: ${cell.notOffered}`}`
  }
  const spread = `${format(summary.min)} .. ${format(summary.max)}, MAD ${format(summary.mad)}`
  const crashed = cell.errors === undefined ? '' : `  FAILED in ${cell.errors.length} rounds`
  return `${name}${format(summary.median).padStart(VALUE_WIDTH)}  ${spread.padEnd(44)}${verdict(cell, all)}${crashed}`.trimEnd()
}

/** For ours: the ratio to the best peer, and the target. */
function verdict(cell: CellResult, all: readonly CellResult[]): string {
  const found = verdictOf(cell, all)
  if (found === undefined) return ''
  const { peer, ratio, target, met } = found
  const against = ratio === undefined ? '' : `x${ratio.toFixed(2)} of ${peer?.driver}`
  if (target === undefined) return against
  return `${against.padEnd(44)} target ${target}: ${met === undefined ? 'unknown' : met ? 'met' : 'MISSED'}`
}

function printTroubles(cells: readonly CellResult[]): void {
  const troubles = new Set(
    cells.flatMap((cell) =>
      (cell.errors ?? []).map(
        (error) => `${cell.driver}, ${cell.scenario}: ${error.slice(0, ERROR_WIDTH * 4)}`,
      ),
    ),
  )
  if (troubles.size === 0) return
  console.log('\nWhat failed:')
  for (const trouble of troubles) console.log(`- ${trouble.replaceAll('\n', '\n    ')}`)
}

export function format(value: number): string {
  if (Number.isNaN(value)) return '-'
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US')
  return value.toPrecision(3)
}

function firstLine(text = ''): string {
  return (text.split('\n')[0] ?? '').slice(0, ERROR_WIDTH)
}

// The table that `npm run bench` prints: a block for each metric, a line for each driver.
import { DRIVERS, type DriverInfo } from '../drivers/index.ts'
import { type CellResult, FLOORS, type Results } from './results.ts'
import { targetOf } from './targets.ts'

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
    console.log(`\n${head.scenario}, ${head.metric} [${head.unit}], ${better} (${question(head.scenario)})`)
    for (const cell of block) console.log(`  ${line(cell, block, cells)}`)
  }
  printTroubles(cells)
}

/** The best peer of the same kind, by its median. */
export function bestPeer(driver: DriverInfo, block: readonly CellResult[]): CellResult | undefined {
  const peers = block.filter((cell) => {
    const info = infoOf(cell.driver)
    return info !== undefined && !info.ours && info.kind === driver.kind && cell.summary !== undefined
  })
  return peers.sort((a, b) => goodness(b) - goodness(a))[0]
}

/** How many times as good. */
function ratioTo(ours: CellResult, peer: CellResult | undefined): number | undefined {
  if (ours.summary === undefined || peer?.summary === undefined) return undefined
  const ratio = ours.summary.median / peer.summary.median
  return ours.better === 'more' ? ratio : 1 / ratio
}

function line(cell: CellResult, block: readonly CellResult[], all: readonly CellResult[]): string {
  const name = cell.driver.padEnd(NAME_WIDTH)
  const { summary } = cell
  if (summary === undefined) {
    return `${name}${cell.notOffered === undefined ? `FAILED: ${firstLine(cell.errors?.[0])}` : `not offered: ${cell.notOffered}`}`
  }
  const spread = `${format(summary.min)} .. ${format(summary.max)}, MAD ${format(summary.mad)}`
  const crashed = cell.errors === undefined ? '' : `  FAILED in ${cell.errors.length} rounds`
  return `${name}${format(summary.median).padStart(VALUE_WIDTH)}  ${spread.padEnd(44)}${verdict(cell, block, all)}${crashed}`.trimEnd()
}

/** For ours: the ratio to the best peer, and the target. */
function verdict(cell: CellResult, block: readonly CellResult[], all: readonly CellResult[]): string {
  const driver = infoOf(cell.driver)
  if (driver?.ours !== true || cell.machine === true) return ''
  const peer = bestPeer(driver, block)
  const ratio = ratioTo(cell, peer)
  const against = ratio === undefined ? '' : `x${ratio.toFixed(2)} of ${peer?.driver}`
  const target = targetOf(cell.scenario, cell.metric, driver)
  if (target === undefined) return against
  const median = (scenario: string, metric: string, name: string) =>
    all.find((one) => one.scenario === scenario && one.metric === metric && one.driver === name)?.summary?.median
  const floor = floorFor(driver, block)?.summary?.median
  const met = target.met({ ours: cell, ratio, floor, driver, other: median })
  return `${against.padEnd(44)} target ${target.text}: ${met === undefined ? 'unknown' : met ? 'met' : 'MISSED'}`
}

function floorFor({ python }: DriverInfo, block: readonly CellResult[]): CellResult | undefined {
  const find = (name: string) => block.find((one) => one.driver === name)
  return (python === 'own' ? undefined : find(FLOORS[python])) ?? find(FLOORS.main)
}

function printTroubles(cells: readonly CellResult[]): void {
  const troubles = new Set(
    cells.flatMap((cell) =>
      (cell.errors ?? []).map((error) => `${cell.driver}, ${cell.scenario}: ${error.slice(0, ERROR_WIDTH * 4)}`),
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

function goodness({ summary, better }: CellResult): number {
  const median = summary?.median ?? Number.NaN
  return better === 'more' ? median : -median
}

function keyOf({ scenario, metric }: CellResult): string {
  return `${scenario}/${metric}`
}

function infoOf(name: string): DriverInfo | undefined {
  return DRIVERS.find((driver) => driver.name === name)
}

function firstLine(text = ''): string {
  return (text.split('\n')[0] ?? '').slice(0, ERROR_WIDTH)
}

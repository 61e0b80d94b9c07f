// How good a figure is: against the best peer of the same kind, plain Python and its target. What
// is printed and what is drawn both ask here.
import { DRIVERS, type DriverInfo } from '../drivers/index.ts'
import { type CellResult, FLOORS } from './results.ts'
import { targetOf } from './targets.ts'

/** What can be said of a figure of ours. */
export interface Verdict {
  /** The best peer of the same kind, by its median. */
  readonly peer: CellResult | undefined
  /** How many times as good as that; above 1 is better, whether more or less is better. */
  readonly ratio: number | undefined
  /** `undefined`: there is none. */
  readonly target: string | undefined
  /** `undefined`: it cannot be said. */
  readonly met: boolean | undefined
}

/** `undefined` for peers, for plain Python and for what is of the machine. */
export function verdictOf(cell: CellResult, cells: readonly CellResult[]): Verdict | undefined {
  const driver = infoOf(cell.driver)
  if (driver?.ours !== true || cell.machine === true) return undefined
  const block = blockOf(cell, cells)
  const peer = bestPeer(driver, block)
  const ratio = ratioTo(cell, peer)
  const target = targetOf(cell.scenario, cell.metric, driver)
  const other = (scenario: string, metric: string, name: string) =>
    cells.find((one) => one.scenario === scenario && one.metric === metric && one.driver === name)
      ?.summary?.median
  const floor = floorOf(cell, block)?.summary?.median
  return {
    peer,
    ratio,
    target: target?.text,
    met: target?.met({ ours: cell, ratio, floor, driver, other }),
  }
}

/** Plain Python with the Python of the cell's driver. */
export function floorOf(cell: CellResult, cells: readonly CellResult[]): CellResult | undefined {
  const python = infoOf(cell.driver)?.python ?? 'main'
  const block = blockOf(cell, cells)
  const find = (name: string) => block.find((one) => one.driver === name)
  return (python === 'own' ? undefined : find(FLOORS[python])) ?? find(FLOORS.main)
}

/** All that were measured for the same metric. */
export function blockOf(cell: CellResult, cells: readonly CellResult[]): CellResult[] {
  return cells.filter((one) => keyOf(one) === keyOf(cell))
}

export function keyOf({ scenario, metric }: CellResult): string {
  return `${scenario}/${metric}`
}

export function infoOf(name: string): DriverInfo | undefined {
  return DRIVERS.find((driver) => driver.name === name)
}

function bestPeer(driver: DriverInfo, block: readonly CellResult[]): CellResult | undefined {
  const peers = block.filter((cell) => {
    const info = infoOf(cell.driver)
    if (info === undefined || info.ours || info.kind !== driver.kind || cell.summary === undefined)
      return false
    return info.blocks !== true || cell.scenario === 'a-sync' || cell.metric === 'sync'
  })
  return peers.sort((a, b) => goodness(b) - goodness(a))[0]
}

function ratioTo(ours: CellResult, peer: CellResult | undefined): number | undefined {
  if (ours.summary === undefined || peer?.summary === undefined) return undefined
  const ratio = ours.summary.median / peer.summary.median
  return ours.better === 'more' ? ratio : 1 / ratio
}

/** Larger is better. */
export function goodness({ summary, better }: CellResult): number {
  const median = summary?.median ?? Number.NaN
  return better === 'more' ? median : -median
}

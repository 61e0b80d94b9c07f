// The drivers of a chart by kind, the best first, those that failed last.
import { type CellResult, isFloor } from '../../lib/results.ts'
import { goodness, infoOf } from '../../lib/verdicts.ts'
import type { Group, Row } from '../charts/rows.ts'
import { colourOf } from '../theme.ts'

export const KINDS = {
  'in-process': 'in this process',
  'out-of-process': 'in processes of their own',
  '': 'others',
} as const

export function kindOf(driver: string): keyof typeof KINDS {
  return infoOf(driver)?.kind ?? ''
}

/** A line for each cell that was measured or failed. What is not offered is said beneath. */
export function groupsOf(
  cells: readonly CellResult[],
  draw: (cell: CellResult, summary: NonNullable<CellResult['summary']>) => Partial<Row>,
): Group[] {
  const groups = (Object.keys(KINDS) as (keyof typeof KINDS)[]).map((kind) => {
    const mine = cells.filter(
      ({ driver, notOffered }) =>
        !isFloor(driver) && notOffered === undefined && kindOf(driver) === kind,
    )
    return { title: KINDS[kind], rows: mine.sort(byGoodness).map((cell) => rowOf(cell, draw)) }
  })
  const filled = groups.filter(({ rows }) => rows.length > 0)
  return filled.length === 1 ? filled.map(({ rows }) => ({ title: '', rows })) : filled
}

function rowOf(cell: CellResult, draw: Parameters<typeof groupsOf>[1]): Row {
  const { driver, summary, errors } = cell
  const head = { label: driver, colour: colourOf(driver), ours: infoOf(driver)?.ours === true }
  if (summary !== undefined) return { ...head, ...draw(cell, summary) }
  return { ...head, failure: isMissing(errors?.[0]) ? 'not there' : 'failed' }
}

function isMissing(error = ''): boolean {
  return error.startsWith('not installed') || error.startsWith('there is no')
}

function byGoodness(a: CellResult, b: CellResult): number {
  if (a.summary === undefined || b.summary === undefined)
    return Number(a.summary === undefined) - Number(b.summary === undefined)
  return goodness(b) - goodness(a)
}

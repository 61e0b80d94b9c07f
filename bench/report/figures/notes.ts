// What a chart cannot show: who is not in it, and why.
import { type CellResult, isFloor } from '../../lib/results.ts'
import type { Note } from './figure.ts'

const ERROR_WIDTH = 110

export function notesOf(cells: readonly CellResult[]): Note[] {
  const drivers = cells.filter(({ driver }) => !isFloor(driver))
  return [...failures(cells), ...notOffered(drivers)]
}

function failures(cells: readonly CellResult[]): Note[] {
  const told = new Map<string, Note>()
  for (const { driver, errors, summary } of cells) {
    if (errors === undefined || told.has(driver)) continue
    const rounds =
      summary === undefined
        ? ''
        : ` in ${errors.length} of ${errors.length + summary.values.length} rounds`
    told.set(driver, {
      text: `${driver} failed${rounds}: ${firstLine(errors[0])}`,
      isTrouble: true,
    })
  }
  return [...told.values()]
}

function notOffered(cells: readonly CellResult[]): Note[] {
  const reasons = new Map<string, Set<string>>()
  for (const { driver, notOffered: why } of cells) {
    if (why !== undefined) reasons.set(why, (reasons.get(why) ?? new Set()).add(driver))
  }
  if (reasons.size === 0) return []
  const parts = [...reasons].map(([why, drivers]) => `${[...drivers].join(', ')} (${why})`)
  return [{ text: `Not offered: ${parts.join('; ')}.`, isTrouble: false }]
}

export function firstLine(text = ''): string {
  const line = text.split('\n')[0] ?? ''
  return line.length > ERROR_WIDTH ? `${line.slice(0, ERROR_WIDTH)}…` : line
}

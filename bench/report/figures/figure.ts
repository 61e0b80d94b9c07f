import type { CellResult } from '../../lib/results.ts'
import type { Html } from '../html.ts'
import type { Colour } from '../theme.ts'

export interface LegendItem {
  readonly symbol:
    | 'stroke'
    | 'line'
    | 'dot'
    | 'small'
    | 'ring'
    | 'tick'
    | 'span'
    | 'bar'
    | 'diamond'
  readonly colour: Colour
  readonly text: string
}

/** A sentence beneath a chart. */
export interface Note {
  readonly text: string
  readonly isTrouble: boolean
}

/** A chart, what it says in words, and the figures that it was made from. */
export interface Figure {
  readonly title: string
  readonly description: string
  readonly legend: readonly LegendItem[]
  readonly notes: readonly Note[]
  readonly cells: readonly CellResult[]
  /** Missing: there is nothing to draw. */
  readonly draw?: (labelled: string) => Promise<Html>
}

/** A scenario as it is drawn. */
export interface Subject {
  readonly name: string
  readonly question: string
  readonly cells: readonly CellResult[]
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

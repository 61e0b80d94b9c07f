/** The cells of the matrix: which Python and Node meet, and which of them one commit runs. */

export const NODES = ['20', '22', '24', '26'] as const
/** As `scripts/build-python.sh` names them: `t` is free-threaded. */
export const PYTHONS = ['3.10', '3.11', '3.12', '3.13', '3.13t', '3.14', '3.14t', '3.15'] as const

export interface Cell {
  readonly python: string
  readonly node: string
}

export function allCells(): Cell[] {
  return PYTHONS.flatMap((python) => NODES.map((node) => ({ python, node })))
}

/**
 * The part of a turn: each Python once and each Node twice. Turns that follow each other take
 * other Nodes, so that four of them take all cells.
 */
export function cellsOfTurn(turn: number): Cell[] {
  return PYTHONS.map((python, i) => ({ python, node: NODES[(i + turn) % NODES.length] as string }))
}

import type { Engine } from './engine.ts'

/** One number that a scenario answers. */
export interface Metric {
  readonly unit: string
  readonly better: 'more' | 'less'
  /** The function of `python/floors.py` that does the same in plain Python. */
  readonly floor?: string
  /** Of the machine, not of the library: nothing to compare. */
  readonly machine?: true
}

/** One process of its own, in which one scenario runs through one driver. */
export interface Cell {
  /** Opens the library with so many workers, or as many as it can have. Loads it the first time. */
  open(workers: number): Promise<Engine>
  /** Loads it alone. */
  load(): Promise<unknown>
  readonly maxWorkers: number
  readonly python: string
  /** What a measurement may take; a warm-up comes on top. */
  readonly ms: number
  /** Everything, however long it takes. */
  readonly full: boolean
}

export interface Scenario {
  readonly name: string
  readonly question: string
  readonly metrics: Readonly<Record<string, Metric>>
  /** Part of the quick set. */
  readonly quick?: true
  /** Not more rounds than this: for what takes long and hardly varies. */
  readonly rounds?: number
  /** The same for peers, where they take long or the question is one about pythreads. */
  readonly peerRounds?: number
  /** A cell that takes longer is ended. */
  readonly timeoutMs?: number
  /** Answers the metrics, or those that there are. */
  run(cell: Cell): Promise<Readonly<Record<string, number>>>
}

/**
 * What is too long for the quick set is cut down: 1,000,000 becomes 100,000, and less where there
 * is hardly any time.
 */
export function sized(cell: Pick<Cell, 'ms' | 'full'>, size: number): number {
  if (cell.full && cell.ms >= 1000) return size
  return Math.max(1000, Math.round(size / (cell.ms >= 200 ? 10 : 100)))
}

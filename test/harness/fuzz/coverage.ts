/** How often each thing happened, by its name. */
export class Counts {
  readonly #counts = new Map<string, number>()

  add(name: string, count: number = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count)
  }

  /** Adds what another one counted. */
  addAll(counts: Readonly<Record<string, number>>): void {
    for (const [name, count] of Object.entries(counts)) this.add(name, count)
  }

  /** Those of `names` that never happened. */
  missing(names: Iterable<string>): string[] {
    return [...names].filter((name) => !this.#counts.has(name))
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([one], [other]) => (one < other ? -1 : 1)))
  }
}

/** An error as it is counted: its code and its message without what differs from case to case. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `no error, ${typeof error}`
  const code = (error as { code?: unknown }).code
  const message = error.message.split('\n')[0] ?? ''
  const kind = message
    .replaceAll(/-?\d[\d.e+]*/g, 'N')
    .replaceAll(/(["'`]).*?\1/g, '…')
    .slice(0, 90)
  return `${typeof code === 'string' ? code : error.name}: ${code === 'ERR_PYTHREADS_PYTHON' ? 'an exception of Python' : kind}`
}

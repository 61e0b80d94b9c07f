/** The delay before a worker that did not start is tried again; it doubles each time. */
const FIRST_DELAY_MS = 100
const LAST_DELAY_MS = 5_000
/**
 * How many short lives may come one after the other before calls are refused that have no other
 * worker.
 */
const MOST_SHORT_LIVES = 3

interface StartHistory {
  /** How often in a row it did not start. */
  failures: number
  /** How often in a row its worker ended soon after its start, without having begun a call. */
  shortLives: number
  retry: NodeJS.Timeout | undefined
}

/** How the starts of the workers with each number went, and when the next one is tried. */
export class StartHistories {
  readonly #histories: StartHistory[] = []

  /** One more than the highest number that ever had a worker. */
  get length(): number {
    return this.#histories.length
  }

  /** Whether a number had no worker lately that could be used; to end once is no trouble. */
  isTroubled(number: number): boolean {
    const history = this.#histories[number]
    return history !== undefined && failuresOf(history) > 0
  }

  /** Whether its workers end again and again before they have begun a call. */
  isShortLived(number: number): boolean {
    return (this.#histories[number]?.shortLives ?? 0) >= MOST_SHORT_LIVES
  }

  isRetrying(number: number): boolean {
    return this.#histories[number]?.retry !== undefined
  }

  started(number: number): void {
    this.#of(number).failures = 0
  }

  failed(number: number): void {
    this.#of(number).failures++
  }

  /** Its worker ended unasked. `isShort`: soon, and without having begun a call. */
  ended(number: number, isShort: boolean): void {
    const history = this.#of(number)
    history.shortLives = isShort ? history.shortLives + 1 : 0
  }

  recycled(number: number): void {
    this.#of(number).shortLives = 0
  }

  /** Tries once more after a while: the longer, the more often that came to nothing. */
  retryLater(number: number, launch: () => void): void {
    const history = this.#of(number)
    clearTimeout(history.retry)
    const delay = Math.min(FIRST_DELAY_MS * 2 ** (failuresOf(history) - 1), LAST_DELAY_MS)
    history.retry = setTimeout(() => {
      history.retry = undefined
      launch()
    }, delay).unref()
  }

  /** A call waits for the next try. */
  keepAlive(number: number): void {
    this.#of(number).retry?.ref()
  }

  /** The number needs no worker any more. */
  giveUp(number: number): void {
    const history = this.#of(number)
    clearTimeout(history.retry)
    history.retry = undefined
  }

  /** Nothing is tried any more. */
  stop(): void {
    for (const history of this.#histories) clearTimeout(history?.retry)
  }

  #of(number: number): StartHistory {
    let history = this.#histories[number]
    if (history === undefined) {
      history = { failures: 0, shortLives: 0, retry: undefined }
      this.#histories[number] = history
    }
    return history
  }
}

function failuresOf({ failures, shortLives }: StartHistory): number {
  return failures + Math.max(0, shortLives - 1)
}

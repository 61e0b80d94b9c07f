import { SingleBar } from 'cli-progress'
import { whole } from './numbers.ts'
import { isScreen, StatusLine } from './status-line.ts'

const MEBIBYTE = 1024 * 1024

/**
 * Shows the progress on a terminal: a bar with the rate and the time left where the size of the
 * input is known, otherwise a count.
 */
export class RecordProgress {
  #records = 0
  #bytes = 0
  readonly #started = performance.now()
  readonly #bar: SingleBar | undefined
  readonly #line: StatusLine | undefined

  constructor(size: number | undefined, quiet: boolean) {
    if (quiet || !isScreen(process.stderr)) return
    if (size === undefined) {
      this.#line = new StatusLine(
        process.stderr,
        () => `${whole(this.#records)} records  ${this.#rate()} records/s`,
      )
      return
    }
    const format = '{bar} {percentage}%  {records} records  {rate} records/s  {eta_formatted} left'
    this.#bar = new SingleBar({
      format,
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
      etaBuffer: 50,
    })
    // a second Ctrl-C ends the process at once: restores the cursor
    process.once('exit', () => this.end())
    this.#bar.start(size / MEBIBYTE, 0, { records: '0', rate: '0' })
  }

  add(records: number, bytes: number): void {
    this.#records += records
    this.#bytes += bytes
    this.#bar?.update(this.#bytes / MEBIBYTE, { records: whole(this.#records), rate: this.#rate() })
  }

  /** Removes the display before other text is printed. */
  clear(): void {
    this.#line?.clear()
    if (this.#bar?.isActive) process.stderr.write('\r\u001b[2K')
  }

  end(): void {
    this.#bar?.stop()
    this.#line?.end()
    this.clear()
  }

  #rate(): string {
    return whole(this.#records / Math.max(0.001, (performance.now() - this.#started) / 1000))
  }
}

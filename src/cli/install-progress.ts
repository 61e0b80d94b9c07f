import type { StartProgress } from '../index.ts'
import { isScreen, StatusLine } from './status-line.ts'

/**
 * Shows on stderr what is installed: in one line that changes on a terminal, elsewhere line by line
 * without the figures that change.
 */
export class InstallProgress {
  readonly onProgress: (progress: StartProgress) => void
  readonly #line: StatusLine | undefined
  #text = ''
  #printed = ''

  constructor(stream: NodeJS.WritableStream = process.stderr) {
    this.#line = isScreen(stream) ? new StatusLine(stream, () => this.#text) : undefined
    this.onProgress = ({ text }) => {
      this.#text = text
      if (this.#line !== undefined) return
      // 'Downloading uv 0.13.9 from ...: 3 of 18 MB' begins as the line before it does
      if (this.#printed !== '' && text.startsWith(this.#printed)) return
      this.#printed = text
      stream.write(`${text}\n`)
    }
  }

  end(): void {
    this.#line?.end()
  }
}

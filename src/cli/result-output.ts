import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import type { IsolationKind } from '../index.ts'
import { DescriptorStream } from './descriptor-stream.ts'

const STDOUT = 1
const VARIABLE = 'PYTHREADS_STDOUT'

/** Where what Python prints to stdout goes. */
export type PrintTo = 'stderr' | 'stdout'

/**
 * Standard output for the results of a command alone. What Python prints to stdout, and what its C
 * code and its children print, goes to stderr. In-process they have the descriptors of this
 * process, so there the kernel moves stdout to another number (`stdout_to_stderr.py`), where the
 * results go.
 */
export class ResultOutput {
  /** What every worker imports before all else. */
  readonly preload: readonly string[]
  /** The number that stdout moves to. */
  readonly #moved: number | undefined

  constructor(print: PrintTo) {
    this.preload = print === 'stdout' ? [] : ['pythreads_kernel.stdout_to_stderr']
    if (print === 'stdout' || process.platform === 'win32') return
    this.#moved = openSync(devNull, 'r')
    process.env[VARIABLE] = `${process.pid}:${this.#moved}`
  }

  /** Where to write results to, once workers of this isolation have started. */
  open(isolation: IsolationKind): DescriptorStream {
    if (isolation === 'process' || this.#moved === undefined) {
      this.discard()
      return new DescriptorStream(STDOUT)
    }
    delete process.env[VARIABLE]
    return new DescriptorStream(this.#moved)
  }

  /** No worker has started. */
  discard(): void {
    delete process.env[VARIABLE]
    if (this.#moved !== undefined) closeSync(this.#moved)
  }
}

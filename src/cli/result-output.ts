import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import type { IsolationKind } from '../index.ts'
import { DescriptorStream } from './descriptor-stream.ts'

const STDOUT = 1
const VARIABLE = 'PYTHREADS_STDOUT'

/** Where the output goes that Python code prints to stdout. */
export type PrintTo = 'stderr' | 'stdout'

/**
 * Keeps standard output for the results of a command: Python code, its C code and its child
 * processes print to stderr. In-process workers share the descriptors of this process. For them,
 * the kernel duplicates stdout to another descriptor, to which the results go, and makes descriptor
 * 1 a copy of stderr (`stdout_to_stderr.py`).
 */
export class ResultOutput {
  /** Modules that every worker imports first. */
  readonly preload: readonly string[]
  /** The descriptor that becomes a copy of stdout. */
  readonly #moved: number | undefined

  constructor(print: PrintTo) {
    this.preload = print === 'stdout' ? [] : ['pythreads_kernel.stdout_to_stderr']
    if (print === 'stdout') return
    this.#moved = openSync(devNull, 'r')
    process.env[VARIABLE] = `${process.pid}:${this.#moved}`
  }

  /** Returns the stream for results. Call it when the workers have started. */
  open(isolation: IsolationKind): DescriptorStream {
    if (isolation === 'process' || this.#moved === undefined) {
      this.discard()
      return new DescriptorStream(STDOUT)
    }
    delete process.env[VARIABLE]
    return new DescriptorStream(this.#moved)
  }

  /** Closes the reserved descriptor: no worker has used it. */
  discard(): void {
    delete process.env[VARIABLE]
    if (this.#moved !== undefined) closeSync(this.#moved)
  }
}

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { decode, Encoder } from '../../src/wire/index.ts'

const PEER = fileURLToPath(new URL('../python/marshal_peer.py', import.meta.url))

/** A Python that reads and writes marshal data; see `test/python/marshal_peer.py`. */
export class MarshalPeer implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #waiting: { resolve: (parts: Buffer[]) => void; reject: (error: Error) => void }[] = []
  #received: Buffer[] = []
  #missing = 4

  constructor(python: string) {
    this.#child = spawn(python, ['-X', 'utf8', PEER], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.stdout.on('data', (chunk: Buffer) => this.#data(chunk))
    this.#child.once('close', (code, signal) => {
      for (const { reject } of this.#waiting.splice(0))
        reject(new Error(`The peer ended: ${code ?? signal}`))
    })
  }

  /**
   * A value that it gets, as the kernel writes it; before that, if it is plain, as version 2 and
   * version 4 do.
   */
  echo(bytes: Buffer): Promise<Buffer[]> {
    return this.#ask('v', bytes)
  }

  async repr(bytes: Buffer): Promise<string> {
    return String(await this.#ask('r', bytes))
  }

  /**
   * The value of an expression, or of `value` after statements, as the kernel writes it; before
   * that, if it is plain, as version 4 does.
   */
  evaluate(source: string): Promise<Buffer[]> {
    return this.#ask('e', Buffer.from(source))
  }

  /** How many of some keys Python tells apart. Arrays stand for tuples. */
  async distinct(keys: Buffer): Promise<number> {
    return Number(await this.#ask('d', keys))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#child.once('close', resolve))
    this.#child.stdin.end()
    await closed
  }

  async #ask(operation: string, payload: Buffer): Promise<Buffer[]> {
    const header = Buffer.alloc(5)
    header.writeUInt32LE(payload.length + 1)
    header.write(operation, 4)
    const reply = new Promise<Buffer[]>((resolve, reject) =>
      this.#waiting.push({ resolve, reject }),
    )
    this.#child.stdin.write(Buffer.concat([header, payload]))
    const [problem, ...parts] = await reply
    if (problem === undefined || problem.length > 0) throw new Error(`The peer: ${problem}`)
    return parts
  }

  #data(chunk: Buffer): void {
    this.#received.push(chunk)
    this.#missing -= chunk.length
    while (this.#missing <= 0) {
      const all = Buffer.concat(this.#received)
      const end = 4 + all.readUInt32LE(0)
      const rest = all.subarray(end)
      this.#received = all.length < end ? [all] : [rest]
      this.#missing = all.length < end ? end - all.length : 4 - rest.length
      if (all.length < end) return
      const parts = decode(all, 4, end) as Uint8Array[]
      this.#waiting.shift()?.resolve(parts.map((part) => Buffer.from(part)))
    }
  }
}

/** The bytes that the encoder writes for a value; a copy. */
export function encoded(value: unknown): Buffer {
  const encoder = new Encoder()
  encoder.value(value, 'value')
  encoder.finish(0)
  return Buffer.from(encoder.buffer.subarray(0, encoder.position))
}

import { ftruncateSync, writeSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import type { Ending, Launched } from '../../../src/isolation/index.ts'
import { StatusPage } from '../../../src/isolation/status-page.ts'
import { decode, FLAG, frame, HEADER_BYTES, KIND } from '../../../src/wire/index.ts'
import { End } from '../../support/fake-python.ts'
import { encoded } from '../../support/marshal.ts'
import type { Random } from '../random.ts'
import { bytesOf, type Channel, type Frame } from './frames.ts'

/** How many turns of the event loop a call may have that a worker does not answer. */
const TURNS = 8

/** What is written instead of the result of a call. */
export interface Attack {
  readonly frames: readonly Frame[]
  /** How the stream is cut, and what happens to the status page. */
  readonly random: Random
  /** Whether the call was settled. */
  isOver(): boolean
}

/**
 * A worker without Python, at the other end of real channels: it returns the first argument of each
 * call, unless it has an attack to play.
 */
export class FakeWorker implements Launched {
  readonly inProcess = false
  readonly pid: number = process.pid
  readonly statusPage: StatusPage = new StatusPage()
  readonly socket: End = new End((chunk) => this.#hear(chunk))
  readonly side: End = new End(() => {})
  readonly ended: Promise<Ending>
  readonly #memory: number
  readonly #attack: () => Attack | undefined
  #end: (ending: Ending) => void = () => {}

  /** `memory`: the descriptor of what it lends. `attack`: asked for at each call. */
  constructor(memory: number, attack: () => Attack | undefined) {
    this.#memory = memory
    this.#attack = attack
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  kill(): void {
    this.socket.destroy()
    this.side.destroy()
    this.#end({ how: 'it was told to', status: 1, signal: null })
  }

  #hear(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; at += HEADER_BYTES + chunk.readUInt32LE(at)) {
      const payload = chunk.subarray(at + HEADER_BYTES, at + HEADER_BYTES + chunk.readUInt32LE(at))
      this.#request(chunk.readUInt32LE(at + 8), chunk.readUInt32LE(at + 4), payload)
    }
  }

  #request(flags: number, id: number, payload: Buffer): void {
    const kind = flags & 0xff
    if (kind === KIND.START) {
      const facts = new Map<string, unknown>([
        ['pid', process.pid],
        ['memory', this.#memory],
      ])
      this.socket.push(frame(KIND.READY, encoded(facts)))
    } else if (kind === KIND.CLOSE) {
      this.kill()
    } else if (kind === KIND.CALL) {
      const begun = Buffer.alloc(4)
      begun.writeUInt32LE(id)
      writeSync(this.statusPage.fd, begun, 0, 4, 0)
      const attack = this.#attack()
      if (attack === undefined) this.#return(id, (flags & FLAG.ESCAPED) !== 0, payload)
      else void this.#play(attack, id)
    }
  }

  /** Returns the first argument; a call in which something was not copied returns nothing. */
  #return(id: number, hasEscapes: boolean, payload: Buffer): void {
    const [, args] = hasEscapes ? [null, [null]] : (decode(payload) as [unknown, unknown[]])
    this.socket.push(frame(KIND.RESULT, encoded(args[0]), id))
  }

  async #play({ frames, random, isOver }: Attack, id: number): Promise<void> {
    if (random.chance(0.03)) this.#scribble(random)
    const streams: Record<Channel, End> = { main: this.socket, side: this.side }
    for (const one of frames) {
      const bytes = bytesOf(one, id)
      const cut = random.chance(0.2) ? random.below(bytes.length + 1) : bytes.length
      for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
        if (part.length > 0 && !streams[one.channel].destroyed) streams[one.channel].push(part)
      }
    }
    const settled = async () => {
      for (let turns = 0; turns < TURNS && !isOver(); turns++) await turn()
      return isOver()
    }
    if (await settled()) return
    if (!this.socket.destroyed && random.chance(0.6)) {
      this.socket.push(frame(KIND.RESULT, encoded(null), id))
      if (await settled()) return
    }
    this.kill()
  }

  /** Writes to its status page, and makes it shorter or longer. */
  #scribble(random: Random): void {
    const bytes = random.bytes(64)
    writeSync(
      this.statusPage.fd,
      bytes,
      0,
      bytes.length,
      random.pick([0, 4, 12, 16, 24, 32, 1024, 1028, 4096, random.below(8_192)]),
    )
    if (random.chance(0.3))
      ftruncateSync(this.statusPage.fd, random.pick([0, 1, 100, 4_096, 2 ** 40]))
  }
}

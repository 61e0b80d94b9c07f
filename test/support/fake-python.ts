import { EventEmitter } from 'node:events'
import { writeSync } from 'node:fs'
import { Duplex } from 'node:stream'
import type { Ending, Isolation, Launched } from '../../src/isolation/index.ts'
import { StatusPage } from '../../src/isolation/status-page.ts'
import { Observer } from '../../src/observe/index.ts'
import { DEFAULT_CALL, type ResolvedCallOptions } from '../../src/options/index.ts'
import type { PoolOptions } from '../../src/pool/options.ts'
import { Pool } from '../../src/pool/pool.ts'
import type { Lease } from '../../src/scheduler/index.ts'
import { frame, HEADER_BYTES, KIND, type Kind, writeHeader } from '../../src/wire/index.ts'
import { SocketWorkers, type WorkerSource } from '../../src/worker/index.ts'
import { type ControlledWorker, settle } from './controlled.ts'
import { encoded } from './marshal.ts'
import { SETTINGS } from './settings.ts'

/** One end of a channel: what is written there is read by `hears`, and `say` makes it read. */
export class End extends Duplex {
  readonly #hears: (chunk: Buffer) => void

  constructor(hears: (chunk: Buffer) => void) {
    super()
    this.#hears = hears
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#hears(chunk)
    done()
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }
}

/**
 * Frames to Python have flags, which the parser of those from Python does not know. Each is written
 * in one piece.
 */
function eachFrame(chunk: Buffer, take: (kind: Kind, id: number) => void): void {
  for (let at = 0; at < chunk.length; at += HEADER_BYTES + chunk.readUInt32LE(at)) {
    take(chunk[at + 8] as Kind, chunk.readUInt32LE(at + 4))
  }
}

const NONE = encoded(null)

/**
 * A worker without Python: its thread does what a test says, and reads requests and its status page as
 * Python does.
 */
export class FakePython implements Launched, ControlledWorker {
  readonly inProcess = false
  readonly pid: number = process.pid
  readonly statusPage: StatusPage = new StatusPage()
  readonly socket: End = new End((chunk) => eachFrame(chunk, (kind, id) => this.#hear(kind, id)))
  readonly side: End = new End((chunk) =>
    eachFrame(chunk, (kind, id) => {
      if (kind === KIND.CANCEL) this.cancelled.push(id)
    }),
  )
  readonly ended: Promise<Ending>
  /** The ids of requests, in the order in which they were begun. */
  readonly begun: number[] = []
  /** The ids of requests that it was asked to cancel. */
  readonly cancelled: number[] = []
  readonly #unread: [kind: Kind, id: number][] = []
  /** Calls that it is in, and `-n` for callback n that the one before waits for. */
  readonly #stack: number[] = []
  readonly #answers = new Set<number>()
  readonly #coroutines: number[] = []
  #callbacks = 0
  #end: (ending: Ending) => void = () => {}

  constructor() {
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  /** The request that it runs; `undefined`: none, or it waits for a callback. */
  get running(): number | undefined {
    const top = this.#stack.at(-1)
    return top !== undefined && top > 0 ? top : undefined
  }

  /** Whether it has not ended. */
  get lives(): boolean {
    return !this.socket.destroyed
  }

  kill(): void {
    this.die()
  }

  die(): void {
    this.socket.destroy()
    this.#end({ how: 'it was told to', status: 1, signal: null })
  }

  /** The request that runs is done. */
  async finish(us: number = 1_000): Promise<void> {
    const id = this.#stack.pop()
    if (id === undefined || id < 0) throw new Error('nothing runs that could finish')
    this.socket.push(result(id, us))
    this.#read()
    await settle()
  }

  /** The request that runs turns out to be a coroutine, which goes on beside others. */
  async pend(): Promise<void> {
    const id = this.#stack.pop()
    if (id === undefined || id < 0) throw new Error('nothing runs that could be a coroutine')
    this.#coroutines.push(id)
    this.socket.push(frame(KIND.PENDING, undefined, id))
    this.#read()
    await settle()
  }

  /** Whether it has anything to do. */
  get works(): boolean {
    return this.running !== undefined || this.#coroutines.length > 0
  }

  /** Does all that it has to. */
  async drain(): Promise<void> {
    while (this.running !== undefined) await this.finish()
    for (const id of this.#coroutines.splice(0)) this.side.push(result(id, 0))
    await settle()
  }

  /** The request that runs calls the JavaScript function with this number. */
  async callBack(number: number): Promise<void> {
    this.#callbacks++
    this.#stack.push(-this.#callbacks)
    this.socket.push(frame(KIND.CALLBACK, encoded([number, [], 0]), this.#callbacks))
    this.#read()
    await settle()
  }

  #hear(kind: Kind, id: number): void {
    if (kind === KIND.START) {
      this.socket.push(frame(KIND.READY, encoded(new Map([['pid', process.pid]]))))
    } else if (kind === KIND.CLOSE) {
      this.die()
    } else {
      this.#unread.push([kind, id])
      this.#read()
    }
  }

  /** Reads on, where Python would: when nothing runs, or while a callback is waited for. */
  #read(): void {
    for (;;) {
      if (this.running !== undefined) return
      const waitsFor = -(this.#stack.at(-1) ?? 0)
      if (waitsFor > 0 && this.#answers.delete(waitsFor)) {
        this.#stack.pop()
        continue
      }
      const next = this.#unread.shift()
      if (next === undefined) return
      const [kind, id] = next
      if (kind === KIND.RELEASE) continue
      if (
        kind === KIND.CALLBACK_RESULT ||
        kind === KIND.CALLBACK_ERROR ||
        kind === KIND.CALLBACK_CANCELLED ||
        kind === KIND.CALLBACK_REFUSED
      )
        this.#answers.add(id)
      else if (this.#begins(id)) {
        this.begun.push(id)
        this.#stack.push(id)
      } else this.socket.push(frame(KIND.SKIPPED, undefined, id))
    }
  }

  /** What `Ledger.begin` of the kernel does. */
  #begins(id: number): boolean {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32LE(id)
    writeSync(this.statusPage.fd, bytes, 0, 4, 0)
    const { low, high } = takenBack(this.statusPage)
    return !(low < id && id <= high)
  }
}

function result(id: number, us: number): Buffer {
  const reply = Buffer.alloc(HEADER_BYTES + NONE.length)
  writeHeader(reply, 0, NONE.length, id, KIND.RESULT | (us << 16))
  reply.set(NONE, HEADER_BYTES)
  return reply
}

/** What was taken back last, which this side only writes. */
const ranges = new WeakMap<StatusPage, { low: number; high: number }>()

function takenBack(statusPage: StatusPage): { low: number; high: number } {
  return ranges.get(statusPage) ?? { low: 0, high: 0 }
}

/** What kind of workers a pool without Python has. */
export interface Traits {
  readonly isKillable: boolean
  readonly isShared: boolean
}

/** Where the workers of such a pool come from. */
export type MakeSource<W> = (
  traits: Traits,
  /** What becomes of the launch of a worker. */
  launch: () => Promise<void>,
  /** Is told of each that is there. */
  note: (worker: W) => void,
) => WorkerSource

/** Workers behind sockets, with a status page. */
export const socketSource: MakeSource<FakePython> = ({ isKillable, isShared }, launch, note) => {
  const isolation: Isolation = {
    kind: isKillable ? 'process' : 'thread',
    isShared,
    isKillable,
    inProcess: !isKillable,
    launch: async () => {
      await launch()
      const python = new FakePython()
      const { statusPage } = python
      const take = statusPage.takeBack.bind(statusPage)
      statusPage.takeBack = (low, high) => {
        ranges.set(statusPage, { low, high })
        return take(low, high)
      }
      note(python)
      return python
    },
    openSync: () => {
      throw new Error('there is no Python')
    },
  }
  return new SocketWorkers(isolation, SETTINGS)
}

/** A real pool whose workers have no Python. */
export class FakePool<W extends ControlledWorker = FakePython> {
  readonly pool: Pool
  /** All that were started. */
  readonly pythons: W[] = []
  /** What becomes of the launch of a worker. */
  launch: () => Promise<void> = () => Promise.resolve()

  constructor(
    options: Partial<PoolOptions> & Partial<Traits> = {},
    makeSource: MakeSource<W> = socketSource as unknown as MakeSource<W>,
  ) {
    const { isKillable = true, isShared = false, ...others } = options
    const launch = () => this.launch()
    const note = (worker: W) => void this.pythons.push(worker)
    this.pool = new Pool({
      source: makeSource({ isKillable, isShared }, launch, note),
      size: { min: 2, max: 2, idleMs: 1_000 },
      initialize: undefined,
      maxQueue: null,
      timeoutMs: null,
      queueTimeoutMs: null,
      copy: 0,
      exact: false,
      naiveDates: 'exact',
      graceMs: 200,
      closeGraceMs: 200,
      startTimeoutMs: 10_000,
      maxWedged: 0,
      recycle: { calls: null, ageMs: null, memoryMb: null },
      readonly: false,
      proxyFor: (handle) => handle,
      observer: new Observer(new EventEmitter()),
      ...others,
    })
  }

  async start(): Promise<this> {
    await this.pool.start()
    return this
  }

  python(slot: number): W {
    const python = this.pythons[slot]
    if (python === undefined) throw new Error(`no worker ${slot} was started`)
    return python
  }

  /** Makes a call, and keeps what became of it. */
  async call({
    key,
    lease,
    ...options
  }: Partial<ResolvedCallOptions> & {
    readonly key?: string | undefined
    readonly lease?: Lease
  } = {}): Promise<{
    outcome: unknown
  }> {
    const call: { outcome: unknown } = { outcome: undefined }
    this.pool
      .submit(
        KIND.CALL,
        (encoder) => encoder.value(null, 'nothing'),
        { ...DEFAULT_CALL, ...options },
        key,
        undefined,
        lease,
      )
      .then(
        () => (call.outcome = 'done'),
        (error: { code?: unknown }) => (call.outcome = error.code ?? error),
      )
    await settle()
    return call
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.pool.destroy(new Error('the test is over'))
    await settle()
  }
}

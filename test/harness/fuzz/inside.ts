import { EventEmitter } from 'node:events'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { Isolation } from '../../../src/isolation/index.ts'
import { Observer } from '../../../src/observe/index.ts'
import { DEFAULT_CALL } from '../../../src/options/index.ts'
import { Pool } from '../../../src/pool/pool.ts'
import { KIND } from '../../../src/wire/index.ts'
import { SocketWorkers } from '../../../src/worker/index.ts'
import { SETTINGS } from '../../support/settings.ts'
import { reasonOf } from './coverage.ts'
import { type Attack, FakeWorker } from './fake-worker.ts'
import type { Frame } from './frames.ts'
import { sealedFile } from './memory.ts'
import { Recorder, type Report, type Run } from './recorder.ts'

/** The descriptor of the file from which hostile workers lend. */
const FILE = 200
/** How many calls a pool has before it is closed and another one is made. */
const CALLS_OF_POOL = 500
const [HOSTILE, HONEST] = [0, 1]
/** How many turns of the event loop a worker may have for a call. */
const TURNS = 30

/**
 * Plays frames to real pools whose workers have no Python, beside honest ones. Tells how far it is
 * from time to time, and at the end.
 */
export async function fuzzInside(run: Run, tell: (report: Report) => void): Promise<void> {
  const { ground, fill } = sealedFile(FILE)
  const recorder = new Recorder(run, ground)
  for (let sequence = recorder.next(); sequence !== undefined; ) {
    fill()
    const pool = new HostilePool(recorder)
    await pool.start()
    for (
      let calls = 0;
      calls < CALLS_OF_POOL && sequence !== undefined;
      calls++, sequence = recorder.next()
    ) {
      recorder.outcome(await pool.play(sequence))
      if (run.corpus !== undefined) await pool.renew()
      if (recorder.hasNews) tell(recorder.report())
    }
    await pool.end()
    await recorder.rest()
    tell(recorder.report())
  }
}

/** A pool with a hostile worker and an honest one. */
class HostilePool {
  readonly #pool: Pool
  readonly #recorder: Recorder
  #attack: Attack | undefined
  #hostile: FakeWorker | undefined
  #nonce = 0
  /** Given to the honest worker alone: nobody has Python call it. */
  readonly #secret: () => void

  constructor(recorder: Recorder) {
    this.#recorder = recorder
    this.#secret = function ofAnotherWorker() {
      recorder.fault('a function was called that only another worker has')
    }
    const isolation: Isolation = {
      ...{ kind: 'process', isShared: false, isKillable: true, inProcess: false },
      launch: async (slot) => {
        if (slot === HOSTILE) recorder.workers++
        const worker = new FakeWorker(FILE, () => this.#take(slot))
        if (slot === HOSTILE) this.#hostile = worker
        return worker
      },
      openSync: () => {
        throw new Error('there is no Python')
      },
    }
    const hears = () => {}
    const settings = { ...SETTINGS, output: 'lines', warnings: true } as const
    this.#pool = new Pool({
      source: new SocketWorkers(isolation, settings),
      ...{
        size: { min: 2, max: 2, idleMs: 1_000 },
        initialize: undefined,
        maxQueue: null,
        timeoutMs: null,
        queueTimeoutMs: null,
        graceMs: 1_000,
      },
      ...{
        closeGraceMs: 1_000,
        startTimeoutMs: 60_000,
        maxWedged: 0,
        recycle: { calls: null, ageMs: null, memoryMb: null },
      },
      ...{
        copy: 0,
        exact: false,
        readonly: false,
        naiveDates: 'exact',
        proxyFor: (handle) => ({ handle }),
        onLine: hears,
        listeners: { onWarning: hears, onLog: hears },
      },
      observer: new Observer(new EventEmitter()),
    })
  }

  async start(): Promise<void> {
    await this.#pool.start()
    await this.#call(HONEST, [this.#nonce, this.#secret])
  }

  /**
   * Has the hostile worker play frames within a call, with an honest call beside it. Returns the
   * error of the first, or what it returned.
   */
  async play(frames: readonly Frame[]): Promise<unknown> {
    let isOver = false
    this.#attack = { frames, random: this.#recorder.random, isOver: () => isOver }
    const given = () => 'given'
    const attacked = this.#call(HOSTILE, [null, given]).catch((error: unknown) => error)
    const nonce = ++this.#nonce
    const honest = this.#call(HONEST, [nonce]).then(
      (value) => value === nonce || this.#recorder.fault('an honest call got another result'),
      (error: unknown) => this.#recorder.fault(`an honest call was rejected: ${reasonOf(error)}`),
    )
    void attacked.then(() => {
      isOver = true
    })
    for (let turns = 0; !isOver; turns++) {
      // It may have said of an earlier call whatever keeps it from getting this one.
      if (turns % TURNS === TURNS - 1) this.#hostile?.kill()
      await (turns < TURNS * 2 ? turn() : sleep(10))
      if (turns > TURNS * 100) {
        this.#recorder.fault('a call is not settled though its worker has ended')
        break
      }
    }
    const outcome = isOver ? await attacked : undefined
    if (inspect(outcome, { depth: 3 }).includes('ofAnotherWorker')) {
      this.#recorder.fault('a function came back that only another worker has')
    }
    await honest
    if (this.#pool.exported.size < 1)
      this.#recorder.fault('a function was dropped that an honest worker has')
    return outcome
  }

  /** Ends the hostile worker, which may have got only a part of what it sent across. */
  async renew(): Promise<void> {
    this.#hostile?.kill()
    for (let turns = 0; turns < TURNS; turns++) await turn()
  }

  async end(): Promise<void> {
    await turn()
    this.#pool.destroy(new Error('it is over'))
    for (let turns = 0; turns < 10; turns++) await turn()
  }

  #take(slot: number): Attack | undefined {
    if (slot !== HOSTILE) return undefined
    const attack = this.#attack
    this.#attack = undefined
    return attack
  }

  #call(workerIndex: number, args: readonly unknown[]): Promise<unknown> {
    const write: Parameters<Pool['submit']>[1] = (encoder) => {
      encoder.tuple(3)
      encoder.string('m:f')
      encoder.items(args, 'args', 0)
      encoder.record({}, 'kwargs')
    }
    return this.#pool.submit(KIND.CALL, write, { ...DEFAULT_CALL, workerIndex }, 'm:f')
  }
}

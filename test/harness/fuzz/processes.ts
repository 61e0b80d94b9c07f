import { createHash } from 'node:crypto'
import { openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Python, type PythonOptions, PythreadsError } from '../../../src/index.ts'
import { Places } from '../../support/places.ts'
import type { Random } from '../random.ts'
import { reasonOf } from './coverage.ts'
import type { Frame } from './frames.ts'
import { imageOf } from './memory.ts'
import { Recorder, type Report, type Run } from './recorder.ts'
import type { Ground } from './values.ts'

const MODULES = fileURLToPath(new URL('../../python', import.meta.url))
const CHANNELS = { main: 3, side: 4 } as const
const [HOSTILE, HONEST] = [0, 1]
/** How long a call may take that a hostile worker was given, before the worker is ended. */
const PATIENCE_MS = 150
/** How many calls a pool has before it is closed and another one is made. */
const CALLS_OF_POOL = 60
const CANARIES = 8

/** Where workers attack, and what they do besides; a run of some length has all of it. */
export const WAYS: readonly string[] = [
  'in a call',
  'in a sync call',
  'while it starts',
  'on the status page',
  'by memory that shrinks',
]

/**
 * Plays frames by worker processes that write them to their own descriptors, beside honest ones.
 * Tells how far it is, and at the end.
 */
export async function fuzzProcesses(run: Run, tell: (report: Report) => void): Promise<void> {
  using places = new Places()
  const canaries = new Canaries(places)
  const options: PythonOptions = {
    ...{ python: run.python, isolation: 'process', path: [MODULES], workers: 2, closeGraceMs: 300 },
    ...{ output: () => {}, warnings: () => {}, logging: () => {} },
  }
  const ground = await groundOf(options, canaries)
  const recorder = new Recorder(run, ground)
  const host = new Host(options, recorder, places, canaries, ground)
  for (let sequence = recorder.next(); sequence !== undefined; ) {
    await host.open()
    for (
      let calls = 0;
      calls < CALLS_OF_POOL && sequence !== undefined;
      calls++, sequence = recorder.next()
    ) {
      await host.attack(sequence)
      if (recorder.hasNews) tell(recorder.report())
    }
    await host.close()
    if (canaries.changed) recorder.fault('a file was changed that the worker could only read')
    await recorder.rest()
    tell(recorder.report())
  }
}

/** Files that nobody writes to; this process has them open for reading. */
class Canaries {
  readonly folder: string
  readonly #before: string

  constructor(places: Places) {
    this.folder = places.folder('canaries')
    for (let i = 0; i < CANARIES; i++)
      writeFileSync(join(this.folder, `file${i}`), Buffer.alloc(3 << 20, 65 + i))
    for (const name of readdirSync(this.folder)) openSync(join(this.folder, name), 'r')
    this.#before = this.#hash()
  }

  get changed(): boolean {
    return this.#hash() !== this.#before
  }

  #hash(): string {
    const hash = createHash('sha1')
    for (const name of readdirSync(this.folder).sort())
      hash.update(name).update(readFileSync(join(this.folder, name)))
    return hash.digest('hex')
  }
}

/** What frames can name: the same in each worker. */
async function groundOf(options: PythonOptions, { folder }: Canaries): Promise<Ground> {
  await using py = await Python.start({ ...options, workers: 1 })
  const { lent, bare, short, files } = await py.run<
    Record<'lent' | 'bare' | 'short', number> & { files: number[] }
  >('hostile:ground', [folder])
  const own = readdirSync('/proc/self/fd').map((fd) => -Number(fd))
  const loans = [...imageOf(lent).loans, ...imageOf(bare).loans]
  return {
    loans,
    spaces: [-lent, -lent, -bare, -short, ...files.map((fd) => -fd), ...own, 0, 1, 2 ** 40],
  }
}

class Host {
  readonly #options: PythonOptions
  readonly #recorder: Recorder
  readonly #places: Places
  readonly #canaries: Canaries
  readonly #image: Buffer
  #py: Python | undefined
  #nonce = 0
  readonly #secret = (nonce: number) => {
    if (nonce !== this.#nonce)
      this.#recorder.fault('a function was called that only another worker has')
    return nonce
  }

  constructor(
    options: PythonOptions,
    recorder: Recorder,
    places: Places,
    canaries: Canaries,
    ground: Ground,
  ) {
    this.#options = options
    this.#recorder = recorder
    this.#places = places
    this.#canaries = canaries
    this.#image = imageOf(-(ground.spaces[0] ?? 0)).bytes
  }

  async open(): Promise<void> {
    this.#recorder.workers++
    this.#py = await Python.start(this.#options)
    this.#py.on('workerStart', ({ worker }) => {
      if (worker === HOSTILE) this.#recorder.workers++
    })
    await this.#py.run('honest:hold', [this.#secret], { worker: HONEST })
  }

  async close(): Promise<void> {
    const closed = this.#py?.close()
    if ((await Promise.race([closed?.then(() => true), sleep(10_000)])) !== true)
      this.#recorder.fault('a pool does not close')
  }

  /** Has a worker play frames, in one of several positions, with honest calls beside it. */
  async attack(frames: readonly Frame[]): Promise<void> {
    // One way after the other, so that few sequences have all of them.
    const way = this.#recorder.turn % 16
    const attacked =
      way === 5
        ? this.#atStart(frames)
        : way === 9
          ? this.#inSync(frames)
          : this.#inCall(frames, way)
    await Promise.all([attacked, this.#honest()])
  }

  async #inCall(frames: readonly Frame[], way: number): Promise<void> {
    const py = this.#running()
    const how = howOf(this.#recorder.random, way)
    this.#recorder.count(
      WAYS[how['status'] !== undefined ? 3 : how['shrink'] === true ? 4 : 0] ?? '',
    )
    const call = py.run(
      'hostile:play',
      [written(frames), this.#image, this.#canaries.folder, how],
      { worker: HOSTILE },
    )
    const settled = call.then(
      () => undefined,
      (error: unknown) => error,
    )
    const pid = () => {
      const worker = py.stats().workers[HOSTILE]
      // to end it again and again before it serves would put the next one off
      return worker?.state === 'starting' ? undefined : worker?.pid
    }
    const LATE = {}
    let outcome = await Promise.race([settled, sleep(PATIENCE_MS, LATE)])
    for (let looks = 0; outcome === LATE; looks++) {
      if (looks === 200)
        return this.#recorder.fault('a call is not settled though its worker has ended')
      end(pid()) // it does not return, as programs may
      outcome = await Promise.race([settled, sleep(PATIENCE_MS, LATE)])
    }
    this.#recorder.outcome(outcome)
    if (this.#recorder.random.chance(0.7)) end(pid())
  }

  /** While a worker starts. */
  async #atStart(frames: readonly Frame[]): Promise<void> {
    const { random } = this.#recorder
    this.#recorder.count('while it starts')
    const told = {
      frames: written(frames, (payload) => payload.toString('base64')),
      linger: 0.02,
      exit: random.pick([0, 0, 3]),
    }
    const env = {
      ...process.env,
      HOSTILE_FRAMES: this.#places.file('frames.json', JSON.stringify(told)),
    } as Record<string, string>
    const options = {
      ...this.#options,
      workers: 1,
      env,
      preload: ['hostile_start'],
      startTimeoutMs: 2_000,
    }
    this.#recorder.workers++
    this.#recorder.outcome(
      await Python.start(options).then(
        (py) => py.destroy(),
        (error: unknown) => error,
      ),
    )
  }

  /** By the worker of sync calls, which ends soon: nobody else could end it. */
  async #inSync(frames: readonly Frame[]): Promise<void> {
    const py = this.#running()
    this.#recorder.workers++
    this.#recorder.count('in a sync call')
    const outcome = this.#recorder.blocking(() => {
      try {
        return py.sync.run('hostile:play', [
          written(frames),
          this.#image,
          this.#canaries.folder,
          { linger: 0.02, exit: 7 },
        ])
      } catch (error) {
        return error
      }
    })
    this.#recorder.outcome(outcome)
    try {
      if (py.sync.run('honest:echo', [this.#nonce]) !== this.#nonce)
        this.#recorder.fault('a sync call got another result')
    } catch (error) {
      // What the one that is hostile said last may come with the next call, which starts another
      // one.
      if (!(error instanceof PythreadsError))
        this.#recorder.fault(`a sync call threw ${reasonOf(error)}`)
    }
    py.sync.close?.()
  }

  async #honest(): Promise<void> {
    const py = this.#running()
    const nonce = ++this.#nonce
    const calls = [
      py.run('honest:echo', [nonce], { worker: HONEST }),
      py.run('honest:ask', [nonce, (asked: number) => asked], { worker: HONEST }),
      py.run('honest:use', [nonce], { worker: HONEST }),
      py.run<Uint8Array>('honest:swap', [new Uint8Array(40_000).fill(nonce % 256)], {
        worker: HONEST,
      }),
    ]
    const values = await Promise.allSettled(calls)
    const right = [nonce, [nonce, nonce], nonce]
    for (const [i, value] of values.entries()) {
      if (value.status === 'rejected')
        this.#recorder.fault(`an honest call was rejected: ${reasonOf(value.reason)}`)
      else if (
        i < 3
          ? JSON.stringify(value.value) !== JSON.stringify(right[i])
          : !isFilled(value.value, nonce % 256)
      ) {
        this.#recorder.fault('an honest call got another result')
      }
    }
  }

  #running(): Python {
    if (this.#py === undefined) throw new Error('no pool is open')
    return this.#py
  }
}

function isFilled(value: unknown, byte: number): boolean {
  return (
    value instanceof Uint8Array && value.length === 40_000 && value.every((one) => one === byte)
  )
}

/** What else a worker does, and how its call ends. */
function howOf(random: Random, way: number): Record<string, unknown> {
  const status = [[random.pick([0, 4, 12, 16, 32, 1024, 4096]), random.bytes(64)]]
  return {
    linger: random.pick([0, 0, 0.01, 0.05]),
    ...(random.chance(0.2) ? { exit: random.pick([1, 0]) } : {}),
    ...(way === 3 ? { shrink: true } : {}),
    ...(way === 1 || way === 11 ? { status } : {}),
    ...(way === 11 ? { size: random.pick([0, 1, 100, 4_096, 2 ** 33]) } : {}),
  }
}

/** Frames as `test/python/hostile.py` takes them. */
function written<T = Buffer>(frames: readonly Frame[], as?: (payload: Buffer) => T): unknown[] {
  return frames.map(({ channel, own = false, id, claim, kind, payload, cut = 0 }) => {
    const bytes = Buffer.from(payload, 'base64')
    return [
      CHANNELS[channel],
      own,
      id,
      (claim ?? bytes.length) >>> 0,
      kind >>> 0,
      as === undefined ? bytes : as(bytes),
      cut,
    ]
  })
}

function end(pid: number | undefined): void {
  try {
    // A worker says itself which process it is, or said so once.
    const parent = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ')[1]
    if (pid === undefined || Number(parent) !== process.pid) return
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended
  }
}

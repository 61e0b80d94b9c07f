/**
 * No call is left behind when workers come and go: a real pool, dispatcher and supervisor together, over
 * workers that have no Python but read requests, callbacks and their status page as Python does
 * (test/support/fake-python.ts).
 *
 * An outcome that is `undefined` is a call that waits for ever.
 */
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DEFAULT_CALL } from '../../src/options/index.ts'
import type { Lease } from '../../src/scheduler/leases.ts'
import { KIND } from '../../src/wire/index.ts'
import { type ControlledWorker, settle } from '../support/controlled.ts'
import { FakePool, type MakeSource, socketSource } from '../support/fake-python.ts'
import { MemoryWorkers } from '../support/memory-workers.ts'

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
  })
})
afterEach(() => {
  vi.useRealTimers()
})

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
  await settle()
}

describe('a worker that retires', () => {
  it('a worker too many takes the calls first that name it', async () => {
    await using fake = await new FakePool().start()
    const [running, waiting] = [
      await fake.call({ workerIndex: 1 }),
      await fake.call({ workerIndex: 1 }),
    ]
    await fake.pool.resize({ min: 1, max: 1, idleMs: 1_000 })
    await fake.python(1).drain()
    expect([running.outcome, waiting.outcome]).toEqual(['done', 'done'])
    expect(fake.pool.stats().workers).toHaveLength(1)
  })

  it('a worker that retires finishes a broadcast', async () => {
    await using fake = await new FakePool().start()
    await fake.call({ workerIndex: 1 })
    let done = false
    const broadcast = fake.pool.broadcast(KIND.EXEC, (encoder) => encoder.value(null, 'nothing'))
    broadcast.then(
      () => {
        done = true
      },
      () => {},
    )
    await fake.pool.resize({ min: 1, max: 1, idleMs: 1_000 })
    await fake.python(0).drain()
    await fake.python(1).drain()
    expect(done).toBe(true)
  })

  it('a worker that is due for recycling takes the calls first that name it', async () => {
    await using fake = await new FakePool({
      recycle: { calls: 1, ageMs: null, memoryMb: null },
    }).start()
    const [running, waiting] = [
      await fake.call({ workerIndex: 1 }),
      await fake.call({ workerIndex: 1 }),
    ]
    await fake.python(1).drain()
    expect([running.outcome, waiting.outcome, fake.python(1).begun.length]).toEqual([
      'done',
      'done',
      2,
    ])
    await settle()
    expect([fake.pythons.length, fake.pool.stats().recycled]).toEqual([3, 1])
  })

  it('a worker that retires and dies is not waited for', async () => {
    await using fake = await new FakePool().start()
    const [running, waiting] = [
      await fake.call({ workerIndex: 1 }),
      await fake.call({ workerIndex: 1 }),
    ]
    await fake.pool.resize({ min: 1, max: 1, idleMs: 1_000 })
    fake.python(1).die()
    await pass(100)
    await fake.pythons[2]?.drain()
    expect(running.outcome).toBe('ERR_PYTHREADS_WORKER_DIED')
    expect(waiting.outcome).not.toBeUndefined()
  })

  it('a worker that is wanted again takes any call, also those that wait', async () => {
    await using fake = await new FakePool().start()
    const size = (most: number) => ({ min: most, max: most, idleMs: 1_000 })
    await fake.call({ workerIndex: 0 })
    await fake.call({ workerIndex: 1 })
    await fake.python(1).pend() // it is idle, but needed
    await fake.pool.resize(size(1))
    const call = await fake.call()
    expect(fake.python(1).running).toBeUndefined()
    await fake.pool.resize(size(2))
    await settle()
    await fake.python(1).drain()
    expect([call.outcome, fake.pythons.length]).toEqual(['done', 2])
  })
})

describe('more workers', () => {
  it('calls that wait get new workers at once', async () => {
    await using fake = await new FakePool({ size: { min: 1, max: 1, idleMs: 1_000 } }).start()
    const calls = [await fake.call(), await fake.call(), await fake.call()]
    await fake.pool.resize({ min: 1, max: 3, idleMs: 1_000 })
    await settle()
    for (const python of fake.pythons.slice(1)) await python.drain()
    expect(calls.map(({ outcome }) => outcome)).toEqual([undefined, 'done', 'done'])
  })

  it('a session that is given back leaves its worker to those that wait, however long it was idle', async () => {
    await using fake = await new FakePool({ size: { min: 0, max: 2, idleMs: 100 } }).start()
    const lease = fake.pool.lease()
    await settle()
    const { giveBack } = await lease
    const long = await fake.call()
    expect(fake.pythons.map((python) => python.running !== undefined)).toEqual([false, true])
    await pass(10_000)
    const waiting = await fake.call()
    giveBack()
    await settle()
    for (const python of [fake.python(0), ...fake.pythons.slice(2)]) await python.drain()
    expect([long.outcome, waiting.outcome]).toEqual([undefined, 'done'])
  })
})

describe('calls behind a long one', () => {
  async function trusted(fake: FakePool, key: string): Promise<void> {
    for (let i = 0; i < 8; i++) {
      await fake.call({ key, workerIndex: 0 })
      await fake.python(0).finish(10)
    }
  }

  it('calls behind a long call go to other workers', async () => {
    await using fake = await new FakePool().start()
    await trusted(fake, 'short')
    await fake.call({ workerIndex: 1 })
    const calls = [
      await fake.call({ key: 'short' }),
      await fake.call({ key: 'short' }),
      await fake.call({ key: 'short' }),
    ]
    expect(fake.pool.stats().queued).toBe(0)
    await pass(10)
    expect(fake.pool.stats().queued).toBe(2)
    await fake.python(1).drain()
    expect(calls.map(({ outcome }) => outcome)).toEqual([undefined, 'done', 'done'])
    await fake.python(0).drain()
    expect([calls[0]?.outcome, fake.pool.stats().running]).toEqual(['done', 0])
    const after = await fake.call({ workerIndex: 0 })
    await fake.python(0).drain()
    expect(after.outcome).toBe('done')
  })

  it('calls behind a long call that has made a call in a callback go to other workers', async () => {
    await using fake = await new FakePool({ size: { min: 1, max: 1, idleMs: 1_000 } }).start()
    await trusted(fake, 'short')
    let answer = (_: unknown) => {}
    const asked = new Promise((resolve) => {
      answer = resolve
    })
    const { pool } = fake
    let nested: Promise<unknown> | undefined
    const callback = () => {
      nested = pool.submit(
        KIND.CALL,
        (encoder) => encoder.value(null, 'nothing'),
        undefined,
        'short',
      )
      return asked
    }
    const outer = pool.submit(
      KIND.CALL,
      (encoder) => encoder.value(callback, 'callback'),
      undefined,
      'short',
    )
    outer.catch(() => {}) // when the test fails
    await settle()
    const python = fake.python(0)
    const outerId = python.running
    await python.callBack(1)
    expect(python.running).not.toBe(outerId)
    await python.finish(10)
    await nested
    answer(null)
    await settle()
    expect(python.running).toBe(outerId)
    const behind = await fake.call({ key: 'short' })
    await pass(20)
    // it waits for a turn of its own rather than behind a long one
    expect(fake.pool.stats().queued).toBe(1)
    await python.drain()
    await outer
    expect(behind.outcome).toBe('done')
  })
})

describe('cancelling', () => {
  it('reaches a call that runs within a callback which has been answered', async () => {
    await using fake = await new FakePool({ size: { min: 1, max: 1, idleMs: 1_000 } }).start()
    const { pool } = fake
    const controller = new AbortController()
    let outcome: unknown
    const callback = () => {
      pool
        .submit(KIND.CALL, (encoder) => encoder.value(null, 'nothing'), {
          ...DEFAULT_CALL,
          signal: controller.signal,
        })
        .catch((error: { code?: unknown }) => {
          outcome = error.code
        })
      return null // it does not wait for the call
    }
    pool.submit(KIND.CALL, (encoder) => encoder.value(callback, 'callback')).catch(() => {})
    await settle()
    const python = fake.python(0)
    await python.callBack(1)
    const nested = python.running
    expect(python.begun).toEqual([1, 2])
    controller.abort()
    await pass(100)
    expect(outcome).toBe('ERR_PYTHREADS_ABORTED')
    expect(python.cancelled).toContain(nested)
  })

  it('reaches a call that was sent along behind one which calls back', async () => {
    await using fake = await new FakePool({ size: { min: 1, max: 1, idleMs: 1_000 } }).start()
    const { pool } = fake
    for (let i = 0; i < 8; i++) {
      await fake.call({ key: 'short' })
      await fake.python(0).finish(10)
    }
    const callback = () => new Promise(() => {})
    const python = fake.python(0)
    pool
      .submit(KIND.CALL, (encoder) => encoder.value(callback, 'callback'), undefined, 'short')
      .catch(() => {})
    const controller = new AbortController()
    const behind = await fake.call({ key: 'short', signal: controller.signal })
    await fake.call({ key: 'short' })
    await python.callBack(1)
    // Python reads on while it waits: the call behind runs within the callback.
    expect(python.running).toBe(10)
    controller.abort()
    await pass(100)
    expect(behind.outcome).toBe('ERR_PYTHREADS_ABORTED')
    expect(python.cancelled).toContain(10)
  })
})

/** What can happen to a pool, in any order; `at` chooses the worker, call or lease. */
type Step =
  | {
      readonly kind: 'call'
      readonly slot: number | undefined
      readonly key: string | undefined
      readonly retry: number
      readonly at: number
      readonly inSession: boolean
    }
  | { readonly kind: 'finish'; readonly at: number; readonly us: number }
  | { readonly kind: 'pend' | 'die' | 'abort' | 'giveBack'; readonly at: number }
  | { readonly kind: 'lease' | 'broadcast' }
  | { readonly kind: 'resize'; readonly min: number; readonly more: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'starts'; readonly works: boolean }

const at = fc.nat(20)
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('call' as const),
      slot: fc.option(fc.nat(3), { nil: undefined, freq: 2 }),
      key: fc.constantFrom('short', undefined),
      retry: fc.constantFrom(0, 0, 2),
      inSession: fc.boolean(),
      at,
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      kind: fc.constant('finish' as const),
      at,
      us: fc.constantFrom(10, 10, 10, 5_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('pend' as const, 'die' as const, 'abort' as const, 'giveBack' as const),
      at,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('lease' as const, 'broadcast' as const) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('resize' as const),
      min: fc.integer({ min: 1, max: 3 }),
      more: fc.nat(2),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(1, 10, 400, 3_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('starts' as const), works: fc.boolean() }),
  },
)

/** A pool to which things happen. */
class Day {
  readonly fake: FakePool<ControlledWorker>
  readonly #calls: { readonly call: { outcome: unknown }; readonly controller: AbortController }[] =
    []
  readonly #leases: Lease[] = []
  /** What was asked for and is not there yet: leases, broadcasts, new sizes. */
  readonly #asked = new Set<string>()
  #number = 0

  constructor(isKillable: boolean, source: MakeSource<ControlledWorker>) {
    const recycle = { calls: 5, ageMs: 8_000, memoryMb: null }
    const size = { min: 1, max: 3, idleMs: 500 }
    this.fake = new FakePool({ isKillable, maxWedged: 1, size, recycle }, source)
  }

  get #busy(): ControlledWorker[] {
    return this.fake.pythons.filter((python) => python.lives && python.running !== undefined)
  }

  /** What has not come to an end. */
  get open(): string[] {
    const calls = this.#calls.flatMap(({ call }, i) =>
      call.outcome === undefined ? [`call ${i}`] : [],
    )
    return [...calls, ...this.#asked]
  }

  async take(step: Step): Promise<void> {
    const { fake } = this
    const { pool } = fake
    switch (step.kind) {
      case 'call':
        await this.#call(step)
        break
      case 'finish':
        await this.#busy[step.at % Math.max(1, this.#busy.length)]?.finish(step.us)
        break
      case 'pend':
        await this.#busy[step.at % Math.max(1, this.#busy.length)]?.pend()
        break
      case 'die': {
        const living = fake.pythons.filter((python) => python.lives)
        living[step.at % Math.max(1, living.length)]?.die()
        await pass(60) // as long as its channel may stay open
        break
      }
      case 'abort':
        this.#calls[step.at % Math.max(1, this.#calls.length)]?.controller.abort()
        break
      case 'giveBack':
        this.#leases.splice(step.at % Math.max(1, this.#leases.length), 1)[0]?.giveBack()
        break
      case 'lease':
        this.#ask(
          'lease',
          pool.lease().then((lease) => this.#leases.push(lease)),
        )
        break
      case 'broadcast':
        this.#ask(
          'broadcast',
          pool.broadcast(KIND.EXEC, (encoder) => encoder.value(null, 'nothing')),
        )
        break
      case 'resize':
        this.#ask(
          'resize',
          pool.resize({ min: step.min, max: Math.max(1, step.min + step.more), idleMs: 500 }),
        )
        break
      case 'pass':
        await pass(step.ms)
        break
      case 'starts':
        fake.launch = () =>
          step.works ? Promise.resolve() : Promise.reject(new Error('it does not start'))
    }
    await settle()
  }

  async #call({ slot, key, retry, inSession, at }: Step & { kind: 'call' }): Promise<void> {
    const controller = new AbortController()
    const lease = inSession ? this.#leases[at % Math.max(1, this.#leases.length)] : undefined
    const where =
      lease?.isAlive() === true
        ? { lease }
        : { workerIndex: slot === undefined ? undefined : slot % this.fake.pool.size }
    const call = await this.fake.call({ ...where, key, retry, signal: controller.signal })
    this.#calls.push({ call, controller })
  }

  #ask(what: string, promise: Promise<unknown>): void {
    const name = `${what} ${this.#number++}`
    this.#asked.add(name)
    const done = () => this.#asked.delete(name)
    promise.then(done, done)
  }

  /** Lets everything come to its end, as far as it does. */
  async end(): Promise<void> {
    await this.take({ kind: 'starts', works: true })
    for (
      let left = 60;
      left > 0 &&
      (this.open.length > 0 || this.fake.pythons.some((python) => python.lives && python.works));
      left--
    ) {
      for (const python of this.fake.pythons) if (python.lives) await python.drain()
      while (this.#leases.length > 0) await this.take({ kind: 'giveBack', at: 0 })
      await pass(200)
    }
  }
}

/** A worker with a call of its own dies in its set-up, when it is not wanted any more. */
const DIES_UNWANTED: Step[] = [
  { kind: 'broadcast' },
  { kind: 'resize', min: 3, more: 0 },
  { kind: 'call', slot: 2, key: 'short', retry: 0, inSession: false, at: 0 },
  { kind: 'resize', min: 1, more: 0 },
  { kind: 'die', at: 11 },
]

describe('whatever happens', () => {
  const memory: MakeSource<ControlledWorker> = (...parts) => new MemoryWorkers(...parts)
  it.each([
    ['behind sockets that can be ended', true, socketSource],
    ['behind sockets that cannot be ended', false, socketSource],
    ['in memory that can be ended', true, memory],
    ['in memory that cannot be ended', false, memory],
  ])(
    'every call, lease and broadcast comes to an end, with workers %s',
    async (_, isKillable, source) => {
      let [calls, resizes, deaths] = [0, 0, 0]
      const run = fc.asyncProperty(
        fc.array(steps, { maxLength: 50, size: 'max' }),
        async (plan) => {
          const day = new Day(isKillable, source)
          const { fake } = day
          await fake.start()
          for (const step of plan) {
            await day.take(step)
            if (step.kind === 'call') calls++
            else if (step.kind === 'resize') resizes++
            else if (step.kind === 'die') deaths++
          }
          await day.end()
          const { running, queued } = fake.pool.stats()
          const left = { open: day.open, running, queued }
          const closed = fake.pool.close()
          for (let i = 0; i < 5; i++) {
            for (const python of fake.pythons) if (python.lives) await python.drain()
            await pass(1_000)
          }
          const living = fake.pythons.filter((python) => python.lives).length
          fake.pool.destroy(new Error('the test is over'))
          await closed
          expect({ ...left, living }).toEqual({ open: [], running: 0, queued: 0, living: 0 })
        },
      )
      await fc.assert(run, { numRuns: 60, examples: [[DIES_UNWANTED]] })
      expect([calls > 200, resizes > 10, deaths > 10]).toEqual([true, true, true])
    },
  )
})

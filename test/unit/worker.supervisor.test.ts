/**
 * The life of the workers: how they are started, replaced, retired, recycled and given up, with
 * workers that have no Python and a clock that is moved by hand, so that every delay is exact.
 *
 * `launches` lists what was started, as `<number>@<milliseconds>`; a failure that shows other times
 * shows when the supervisor acted.
 */
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WorkerLife } from '../../src/worker/life.ts'
import type { PoolSize, SupervisedWorker, SupervisorOptions } from '../../src/worker/supervised.ts'
import { WorkerSupervisor } from '../../src/worker/supervisor.ts'

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
  })
})
afterEach(() => {
  vi.useRealTimers()
})

/** What a supervisor sees of a worker. Its life is that of a real one. */
class Member implements SupervisedWorker {
  readonly index: number
  readonly life: WorkerLife = new WorkerLife()
  calls = 0
  servingSince = 0
  idleSince = 0
  residentMb = 0
  freshMb = 0
  /** How many calls it has. */
  depth = 0
  objects = 0
  /** What a look at its memory will find. */
  holdsMb = 0
  closed = false
  killed = false

  constructor(index: number) {
    this.index = index
  }

  get serving(): boolean {
    return this.life.isServing
  }

  get retiring(): boolean {
    return this.life.isRetiring
  }

  get wedged(): boolean {
    return this.life.isWedged
  }

  get endedAs(): string | undefined {
    return this.life.endedAs
  }

  get idle(): boolean {
    return this.depth === 0
  }

  get isNeeded(): boolean {
    return this.depth > 0 || this.objects > 0
  }

  /** Whether it was asked or made to end. */
  get ended(): boolean {
    return this.closed || this.killed
  }

  heldMb(): number {
    return this.holdsMb
  }

  measure(): void {
    this.residentMb = this.holdsMb
  }

  measureFresh(): void {
    this.freshMb = this.holdsMb
  }

  serve(): void {
    this.servingSince = this.idleSince = performance.now()
    this.life.launched()
    this.life.ready()
    this.life.serve()
  }

  wedge(): void {
    this.life.wedge()
    this.objects = 0 // its realm ends
  }

  close(): Promise<void> {
    this.closed = true
    this.life.close()
    return Promise.resolve()
  }

  kill(): void {
    this.killed = true
    this.life.end()
  }

  endAs(how: string): void {
    this.life.endAs(how)
    this.kill()
  }
}

interface YardOptions {
  readonly size?: Partial<PoolSize>
  readonly recycle?: Partial<SupervisorOptions['recycle']>
  readonly maxMemoryMb?: number | null
  readonly maxWedged?: number
  readonly isKillable?: boolean
}

/** A supervisor and its workers, joined as the pool joins them. */
class Yard {
  readonly workers: (Member | undefined)[] = []
  readonly all: Member[] = []
  readonly leased = new Set<Member>()
  /** The numbers of workers for which calls wait that only they can take. */
  readonly awaited = new Set<number>()
  /** Those that take calls of others again. */
  readonly freed: Member[] = []
  readonly launches: string[] = []
  readonly recycling: Member[] = []
  readonly crowded: Member[] = []
  readonly unavailable: { code: unknown; index: number | undefined }[] = []
  readonly supervisor: WorkerSupervisor<Member>
  /** What becomes of the launch of a worker. */
  launch: (member: Member) => Promise<void> = () => Promise.resolve()
  readonly began: number = performance.now()

  constructor({
    size,
    recycle,
    maxMemoryMb = null,
    maxWedged = 1,
    isKillable = false,
  }: YardOptions = {}) {
    const options = {
      isKillable,
      size: { min: 2, max: 2, idleMs: 1_000, ...size },
      recycle: { calls: null, ageMs: null, memoryMb: null, ...recycle },
      ...{ maxMemoryMb, maxWedged },
    }
    this.supervisor = new WorkerSupervisor(options, {
      workers: this.workers,
      make: (index) => {
        const member = new Member(index)
        this.all.push(member)
        this.launches.push(`${index}@${this.now}`)
        return member
      },
      launch: async (worker, ready) => {
        await this.launch(worker)
        ready()
      },
      free: (worker) => this.freed.push(worker),
      waiting: 0,
      isAwaited: (index) => this.awaited.has(index),
      isLeased: (worker) => this.leased.has(worker),
      unavailable: (error, index) =>
        this.unavailable.push({ code: (error as { code?: unknown }).code, index }),
      started: () => {},
      recycling: (worker) => this.recycling.push(worker),
      startedLarge: (worker) => this.crowded.push(worker),
    })
  }

  get now(): number {
    return performance.now() - this.began
  }

  /** The numbers that have a worker which serves. */
  get serving(): number[] {
    return this.workers.flatMap((worker) => (worker?.serving === true ? [worker.index] : []))
  }

  worker(index: number): Member {
    const worker = this.workers[index]
    if (worker === undefined) throw new Error(`there is no worker ${index}`)
    return worker
  }

  async start(): Promise<this> {
    await this.supervisor.start()
    this.launches.length = 0
    return this
  }

  take(index: number): Member {
    const worker = this.worker(index)
    worker.depth++
    worker.calls++
    return worker
  }

  /** The worker is done with a call, or was given back: what the pool does then. */
  free(worker: Member): void {
    worker.depth = Math.max(0, worker.depth - 1)
    if (worker.idle) worker.idleSince = performance.now()
    this.supervisor.check(worker)
  }

  call(index: number): Member {
    const worker = this.take(index)
    this.free(worker)
    return worker
  }

  lease(index: number): Member {
    const worker = this.worker(index)
    this.leased.add(worker)
    return worker
  }

  giveBack(worker: Member): void {
    this.leased.delete(worker)
    this.free(worker)
  }

  /** The worker is gone. `isFresh`: it has begun no call. */
  async die(worker: Member, isFresh: boolean = false): Promise<void> {
    const error = Object.assign(new Error('it died'), { code: 'DIED' })
    worker.life.gone()
    this.supervisor.gone(worker, error, isFresh)
    this.supervisor.checkLife(worker.index, error)
    await turn()
  }

  async stuck(index: number): Promise<Member> {
    const worker = this.take(index)
    this.supervisor.stuck(worker)
    await turn()
    return worker
  }

  async pass(ms: number): Promise<void> {
    await vi.advanceTimersByTimeAsync(ms)
    await turn()
  }
}

const refused = () =>
  Promise.reject(Object.assign(new Error('it does not start'), { code: 'NO_START' }))

describe('start', () => {
  it('a pool starts its fewest workers at once', async () => {
    const yard = new Yard({ size: { min: 3, max: 8 } })
    const started = yard.supervisor.start()
    expect(yard.launches).toEqual(['0@0', '1@0', '2@0'])
    await started
    expect(yard.serving).toEqual([0, 1, 2])
  })

  it('a pool that may be empty starts no worker', async () => {
    const yard = await new Yard({ size: { min: 0, max: 2 } }).start()
    expect(yard.all).toEqual([])
  })

  it('a start throws what the first worker threw that did not start, after all were tried', async () => {
    const yard = new Yard({ size: { min: 3, max: 3 } })
    const codes = ['', 'FIRST', 'SECOND']
    yard.launch = async ({ index }) => {
      if (index > 0) throw Object.assign(new Error(), { code: codes[index] })
    }
    await expect(yard.supervisor.start()).rejects.toMatchObject({ code: 'FIRST' })
    expect(yard.serving).toEqual([0])
    await yard.pass(60_000)
    expect(yard.launches).toEqual(['0@0', '1@0', '2@0'])
  })

  it('a worker that is ready only after the end is ended', async () => {
    const yard = new Yard({ size: { min: 1, max: 1 } })
    let ready = () => {}
    yard.launch = () => new Promise((resolve) => (ready = resolve))
    const started = yard.supervisor.start()
    expect(yard.supervisor.stop()).toHaveLength(1)
    ready()
    await started
    expect(yard.all.map((worker) => [worker.serving, worker.killed])).toEqual([[false, true]])
  })
})

describe('a worker that is gone', () => {
  it('a worker that is gone is replaced at once, under its number', async () => {
    const yard = await new Yard().start()
    const old = yard.worker(1)
    await yard.pass(5)
    await yard.die(old)
    expect(yard.launches).toEqual(['1@5'])
    expect(yard.worker(1)).not.toBe(old)
    expect(yard.serving).toEqual([0, 1])
    expect(yard.supervisor.replaced).toBe(1)
  })

  it('a worker that is gone is not replaced while the pool is being closed', async () => {
    const yard = await new Yard().start()
    const workers = yard.supervisor.stop()
    expect(workers).toHaveLength(2)
    await yard.die(yard.worker(0))
    expect([yard.launches, yard.supervisor.replaced]).toEqual([[], 0])
  })

  it('a replacement that does not start is tried again after a delay that doubles up to five seconds', async () => {
    const yard = await new Yard({ size: { min: 1, max: 1 } }).start()
    yard.launch = refused
    await yard.die(yard.worker(0))
    expect([yard.launches, yard.supervisor.isDown(0)]).toEqual([['0@0'], true])
    await yard.pass(17_700)
    expect(yard.launches).toEqual(
      [0, 100, 300, 700, 1_500, 3_100, 6_300, 11_300, 16_300].map((ms) => `0@${ms}`),
    )
    expect(yard.supervisor.replaced).toBe(1)
  })

  it('the time that an attempt to start takes comes on top of the delay', async () => {
    const yard = await new Yard({ size: { min: 1, max: 1 } }).start()
    yard.launch = () => new Promise((_, reject) => setTimeout(() => reject(new Error('late')), 50))
    await yard.die(yard.worker(0))
    await yard.pass(1_000)
    expect(yard.launches).toEqual(['0@0', '0@150', '0@400', '0@850'])
  })

  it('a start that works resets the delay', async () => {
    const yard = await new Yard({ size: { min: 1, max: 1 } }).start()
    yard.launch = refused
    await yard.die(yard.worker(0))
    await yard.pass(300)
    yard.launch = () => Promise.resolve()
    await yard.pass(400)
    expect([yard.serving, yard.supervisor.isDown(0)]).toEqual([[0], false])
    yard.launch = refused
    await yard.die(yard.worker(0))
    await yard.pass(100)
    expect(yard.launches).toEqual(['0@0', '0@100', '0@300', '0@700', '0@700', '0@800'])
  })

  it('calls for a worker that does not start are refused, and all calls when nobody else serves', async () => {
    const yard = await new Yard().start()
    yard.launch = refused
    await yard.die(yard.worker(0))
    expect(yard.unavailable).toEqual([{ code: 'NO_START', index: 0 }])
    yard.unavailable.length = 0
    await yard.die(yard.worker(1))
    expect(yard.unavailable).toEqual([
      { code: 'NO_START', index: 1 },
      { code: 'NO_START', index: undefined },
    ])
  })

  it('calls for any worker wait on while another worker is starting', async () => {
    const yard = await new Yard().start()
    yard.launch = ({ index }) => (index === 0 ? new Promise(() => {}) : refused())
    await yard.die(yard.worker(0))
    await yard.die(yard.worker(1))
    expect(yard.unavailable).toEqual([{ code: 'NO_START', index: 1 }])
  })

  it('attempts to start a worker end with the pool', async () => {
    const yard = await new Yard({ size: { min: 1, max: 1 } }).start()
    yard.launch = refused
    await yard.die(yard.worker(0))
    yard.supervisor.stop()
    await yard.pass(60_000)
    expect(yard.launches).toEqual(['0@0'])
  })

  it('an attempt to start a worker keeps the process alive only where a call waits for it', async () => {
    const yard = await new Yard({ size: { min: 1, max: 1 } }).start()
    const timers = vi.spyOn(globalThis, 'setTimeout')
    yard.launch = refused
    await yard.die(yard.worker(0))
    const timer = timers.mock.results.at(-1)?.value as NodeJS.Timeout
    timers.mockRestore()
    expect(timer.hasRef()).toBe(false)
    yard.supervisor.grow(undefined)
    expect(timer.hasRef()).toBe(true)
    expect(yard.launches).toEqual(['0@0'])
  })
})

describe('growth', () => {
  it('each call that waits starts one more worker, up to the most', async () => {
    const yard = await new Yard({ size: { min: 1, max: 3 } }).start()
    for (let i = 0; i < 5; i++) yard.supervisor.grow(undefined)
    expect(yard.launches).toEqual(['1@0', '2@0'])
    await turn()
    expect(yard.serving).toEqual([0, 1, 2])
    expect(yard.unavailable).toEqual([])
    expect(yard.supervisor.replaced).toBe(0)
  })

  it('a call that names a worker which is not there starts that worker', async () => {
    const yard = await new Yard({ size: { min: 1, max: 4 } }).start()
    yard.supervisor.grow(2)
    yard.supervisor.grow(2)
    yard.supervisor.grow(0)
    expect(yard.launches).toEqual(['2@0'])
  })

  it('a worker that does not start is tried again by a later call, after a while', async () => {
    const yard = await new Yard({ size: { min: 1, max: 2 } }).start()
    yard.launch = refused
    yard.supervisor.grow(undefined)
    await turn()
    expect(yard.unavailable).toEqual([{ code: 'NO_START', index: 1 }])
    await yard.pass(5_000)
    expect(yard.launches).toEqual(['1@0']) // it need not be there
    yard.supervisor.grow(undefined)
    yard.supervisor.grow(undefined)
    await yard.pass(99)
    expect(yard.launches).toEqual(['1@0'])
    await yard.pass(1)
    expect(yard.launches).toEqual(['1@0', '1@5100'])
    yard.supervisor.grow(undefined)
    await yard.pass(199)
    expect(yard.launches).toHaveLength(2)
    await yard.pass(1)
    expect(yard.launches).toEqual(['1@0', '1@5100', '1@5300'])
  })

  it('in an empty pool a call that waits is refused when the first worker does not start', async () => {
    const yard = await new Yard({ size: { min: 0, max: 1 } }).start()
    yard.launch = refused
    yard.supervisor.grow(undefined)
    await turn()
    expect(yard.unavailable.at(-1)).toEqual({ code: 'NO_START', index: undefined })
  })
})

describe('idle workers', () => {
  it('idle workers end after a while, down to the fewest, and are not replaced', async () => {
    const yard = await new Yard({ size: { min: 1, max: 4, idleMs: 1_000 } }).start()
    for (let i = 0; i < 3; i++) yard.supervisor.grow(undefined)
    await turn()
    const members = yard.workers as Member[]
    const [first] = members
    const others = members.slice(1)
    yard.launches.length = 0
    await yard.pass(900)
    expect(yard.serving).toEqual([0, 1, 2, 3])
    await yard.pass(600)
    expect(yard.serving).toEqual([0])
    expect([first?.ended, ...others.map((worker) => worker.closed)]).toEqual([
      false,
      true,
      true,
      true,
    ])
    await yard.pass(60_000)
    expect([
      yard.serving,
      yard.launches,
      yard.supervisor.recycled,
      yard.supervisor.replaced,
    ]).toEqual([[0], [], 0, 0])
  })

  it('an idle worker that has been used meanwhile stays, whatever its number', async () => {
    const yard = await new Yard({ size: { min: 1, max: 3, idleMs: 1_000 } }).start()
    yard.supervisor.grow(undefined)
    yard.supervisor.grow(undefined)
    await turn()
    for (let i = 0; i < 10; i++) {
      await yard.pass(500)
      yard.call(2)
    }
    expect(yard.serving).toEqual([2])
  })

  it('a worker that is busy or needed stays', async () => {
    const yard = await new Yard({ size: { min: 0, max: 3, idleMs: 100 } }).start()
    for (let i = 0; i < 3; i++) yard.supervisor.grow(undefined)
    await turn()
    yard.take(0)
    yard.worker(1).objects = 1
    await yard.pass(10_000)
    expect(yard.serving).toEqual([0, 1])
    expect([yard.worker(0).retiring, yard.worker(1).retiring]).toEqual([false, false])
  })

  it('a leased worker stays, and is as good as any when it is given back', async () => {
    const yard = await new Yard({ size: { min: 1, max: 2, idleMs: 100 } }).start()
    yard.supervisor.grow(undefined)
    await turn()
    yard.take(0)
    const worker = yard.lease(1)
    await yard.pass(10_000)
    expect([yard.serving, worker.retiring]).toEqual([[0, 1], false])
    yard.giveBack(worker)
    expect([yard.serving, worker.ended]).toEqual([[0, 1], false])
  })

  it('a leased worker does not count as one that ends: others end in its place', async () => {
    const yard = await new Yard({ size: { min: 1, max: 2, idleMs: 100 } }).start()
    yard.supervisor.grow(undefined)
    await turn()
    yard.lease(1)
    await yard.pass(1_000)
    expect(yard.serving).toEqual([1])
  })

  it('the number of a worker that ended can be started again', async () => {
    const yard = await new Yard({ size: { min: 0, max: 1, idleMs: 100 } }).start()
    yard.supervisor.grow(undefined)
    await yard.pass(1_000)
    expect(yard.serving).toEqual([])
    yard.supervisor.grow(undefined)
    await turn()
    expect([yard.serving, yard.launches]).toEqual([[0], ['0@0', '0@1000']])
  })

  it('a pool of a fixed size does not look for idle workers', async () => {
    await new Yard().start()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('resize', () => {
  const size = (min: number, max = min): PoolSize => ({ min, max, idleMs: 1_000 })

  it('resize up resolves when the new workers serve', async () => {
    const yard = await new Yard().start()
    yard.launch = () => new Promise((resolve) => setTimeout(resolve, 30))
    let done = false
    const resized = yard.supervisor.resize(size(4)).then(() => (done = true))
    await yard.pass(29)
    expect([done, yard.serving]).toEqual([false, [0, 1]])
    await yard.pass(1)
    await resized
    expect(yard.serving).toEqual([0, 1, 2, 3])
  })

  it('resize up throws when a worker does not start', async () => {
    const yard = await new Yard().start()
    yard.launch = refused
    await expect(yard.supervisor.resize(size(3))).rejects.toMatchObject({ code: 'NO_START' })
    expect(yard.serving).toEqual([0, 1])
  })

  it('resize up tries a worker that did not start again after a while', async () => {
    const yard = await new Yard().start()
    yard.launch = refused
    await expect(yard.supervisor.resize(size(3))).rejects.toMatchObject({ code: 'NO_START' })
    await yard.pass(99)
    expect(yard.launches).toEqual(['2@0'])
    yard.launch = () => Promise.resolve()
    await yard.pass(1)
    expect([yard.launches, yard.serving]).toEqual([
      ['2@0', '2@100'],
      [0, 1, 2],
    ])
  })

  it('resize down refuses calls that name a worker which is down and not wanted any more', async () => {
    const yard = await new Yard().start()
    yard.launch = refused
    await yard.die(yard.worker(1))
    yard.unavailable.length = 0
    yard.supervisor.grow(1) // one waits for the next attempt
    await yard.supervisor.resize(size(1))
    await yard.pass(10_000)
    expect(yard.unavailable.map(({ index }) => index)).toEqual([1])
  })

  it('resize down ends free workers at once, and busy ones when they are free', async () => {
    const yard = await new Yard({ size: size(4) }).start()
    const [, , free, busy] = yard.workers as Member[]
    yard.take(3)
    await yard.supervisor.resize(size(2))
    expect([yard.serving, free?.closed, busy?.retiring]).toEqual([[0, 1, 3], true, true])
    yard.free(busy as Member)
    expect([yard.serving, busy?.closed]).toEqual([[0, 1], true])
    await yard.pass(10_000)
    expect([yard.launches, yard.supervisor.recycled]).toEqual([[], 0])
  })

  it('resize down lets a leased or needed worker go on until it is neither', async () => {
    const yard = await new Yard({ size: size(3) }).start()
    const [, needed, leased] = yard.workers as [Member, Member, Member]
    yard.lease(2)
    needed.objects = 1
    await yard.supervisor.resize(size(1))
    expect(yard.serving).toEqual([0, 1, 2])
    yard.giveBack(leased)
    expect(yard.serving).toEqual([0, 1])
    yard.call(1)
    expect([yard.serving, needed.retiring]).toEqual([[0, 1], true])
    needed.objects = 0
    yard.call(1)
    expect(yard.serving).toEqual([0])
  })

  it('resize down lets a worker go on as long as calls wait that name it', async () => {
    const yard = await new Yard().start()
    const busy = yard.take(1)
    yard.awaited.add(1)
    await yard.supervisor.resize(size(1))
    yard.free(busy)
    expect([busy.ended, busy.retiring]).toEqual([false, true])
    yard.take(1)
    yard.awaited.clear()
    yard.free(busy)
    expect(busy.closed).toBe(true)
  })

  it('resize down ends a worker once its objects are gone, without another call', async () => {
    const yard = await new Yard().start()
    const needed = yard.worker(1)
    needed.objects = 1
    await yard.supervisor.resize(size(1))
    needed.objects = 0
    await yard.pass(10_000)
    expect([needed.closed, yard.serving]).toEqual([true, [0]])
  })

  it('resize down ends a worker that is starting once it has started', async () => {
    const yard = await new Yard({ size: { min: 1, max: 2 } }).start()
    yard.launch = () => new Promise((resolve) => setTimeout(resolve, 30))
    yard.supervisor.grow(undefined)
    await yard.supervisor.resize(size(1))
    await yard.pass(10_000)
    expect([yard.serving, yard.all[1]?.ended]).toEqual([[0], true])
  })

  it('resize down does not try a worker again that waited for its next attempt', async () => {
    const yard = await new Yard().start()
    yard.launch = refused
    await yard.die(yard.worker(1))
    yard.launch = () => Promise.resolve()
    await yard.supervisor.resize(size(1))
    await yard.pass(10_000)
    expect([yard.serving, yard.launches]).toEqual([[0], ['1@0']])
  })

  it('resize down does not replace a worker that dies, and refuses calls that name it', async () => {
    const yard = await new Yard().start()
    const busy = yard.take(1)
    await yard.supervisor.resize(size(1))
    await yard.die(busy)
    expect([yard.launches, yard.supervisor.replaced]).toEqual([[], 0])
    expect(yard.unavailable).toEqual([{ code: 'DIED', index: 1 }])
  })

  it('resize down and up keeps a worker that has not ended meanwhile', async () => {
    const yard = await new Yard().start()
    const busy = yard.take(1)
    await yard.supervisor.resize(size(1))
    await yard.supervisor.resize(size(2))
    expect([busy.retiring, yard.freed.includes(busy)]).toEqual([false, true])
    yard.free(busy)
    expect([yard.serving, busy.ended, yard.launches]).toEqual([[0, 1], false, []])
  })

  it('resize to an elastic pool ends idle workers', async () => {
    const yard = await new Yard().start()
    await yard.supervisor.resize(size(1, 2))
    await yard.pass(3_000)
    expect(yard.serving).toEqual([0])
    yard.supervisor.grow(undefined)
    await turn()
    expect(yard.serving).toEqual([0, 1])
    await yard.supervisor.resize(size(2))
    await yard.pass(10_000)
    expect(yard.serving).toEqual([0, 1])
  })
})

describe('recycling', () => {
  it('a worker is recycled after its number of calls, when it is free', async () => {
    const yard = await new Yard({ recycle: { calls: 3 } }).start()
    const [old] = yard.workers as [Member]
    for (let i = 0; i < 3; i++) yard.take(0)
    yard.free(old)
    yard.free(old)
    expect([yard.serving, old.ended, old.retiring]).toEqual([[0, 1], false, true])
    yard.free(old)
    await turn()
    expect([old.closed, yard.launches, yard.supervisor.recycled, yard.supervisor.replaced]).toEqual(
      [true, ['0@0'], 1, 0],
    )
    expect(yard.serving).toEqual([0, 1])
    expect(yard.recycling).toEqual([old])
  })

  it('a worker is not recycled before it has had its number of calls', async () => {
    const yard = await new Yard({ recycle: { calls: 3 } }).start()
    for (let i = 0; i < 2; i++) yard.call(0)
    await yard.pass(60_000)
    expect([yard.launches, yard.supervisor.recycled]).toEqual([[], 0])
  })

  it('a worker is recycled at an age, also when it is idle', async () => {
    const yard = await new Yard({ recycle: { ageMs: 10_000 } }).start()
    await yard.pass(9_999)
    expect(yard.launches).toEqual([])
    await yard.pass(1)
    expect(yard.launches).toEqual(['1@10000', '0@10000'].toSorted(() => 0))
    await yard.pass(10_000)
    expect(yard.supervisor.recycled).toBe(4)
    expect(yard.serving).toEqual([0, 1])
  })

  it('a busy worker is recycled at an age when its call is done', async () => {
    const yard = await new Yard({ size: { min: 1, max: 1 }, recycle: { ageMs: 5_000 } }).start()
    const old = yard.take(0)
    await yard.pass(20_000)
    expect([old.ended, yard.launches]).toEqual([false, []])
    yard.free(old)
    expect([old.closed, yard.launches]).toEqual([true, ['0@20000']])
  })

  it('a worker is recycled at a size of its memory', async () => {
    const yard = await new Yard({ recycle: { memoryMb: 100 } }).start()
    const [old] = yard.workers as [Member]
    old.holdsMb = 99
    await yard.pass(5_000)
    expect(yard.launches).toEqual([])
    old.holdsMb = 100
    await yard.pass(1_000)
    expect([old.closed, yard.launches]).toEqual([true, ['0@6000']])
  })

  it('a size that a new worker already has recycles it only when it has grown, with a warning', async () => {
    const yard = new Yard({ size: { min: 1, max: 1 }, recycle: { memoryMb: 100 } })
    yard.launch = async (member) => {
      member.holdsMb = 200
    }
    await yard.start()
    const [old] = yard.workers as [Member]
    expect(yard.crowded).toEqual([old])
    await yard.pass(60_000)
    expect([yard.launches, yard.supervisor.recycled]).toEqual([[], 0])
    old.holdsMb = 251
    await yard.pass(1_000)
    expect([old.closed, yard.supervisor.recycled]).toEqual([true, 1])
    await yard.pass(60_000)
    expect(yard.supervisor.recycled).toBe(1)
  })

  it('a leased worker is recycled when it is given back', async () => {
    const yard = await new Yard({ recycle: { calls: 2 } }).start()
    const old = yard.lease(0)
    for (let i = 0; i < 5; i++) yard.call(0)
    expect([old.ended, yard.serving]).toEqual([false, [0, 1]])
    yard.giveBack(old)
    expect([old.closed, yard.launches]).toEqual([true, ['0@0']])
  })

  it('a worker whose objects are needed goes on, and takes calls, until they are gone', async () => {
    const yard = await new Yard({ recycle: { calls: 2 } }).start()
    const old = yard.worker(0)
    old.objects = 1
    for (let i = 0; i < 5; i++) yard.call(0)
    expect([old.ended, old.retiring]).toEqual([false, false])
    old.objects = 0
    yard.call(0)
    expect(old.closed).toBe(true)
  })

  it('a worker is recycled after the calls that wait for it', async () => {
    const yard = await new Yard({ recycle: { calls: 2 } }).start()
    yard.awaited.add(0)
    const old = yard.call(0)
    yard.call(0)
    expect(old.ended).toBe(false)
    yard.awaited.clear()
    yard.call(0)
    await turn()
    expect([old.closed, yard.launches]).toEqual([true, ['0@0']])
  })

  it('recycling is reported once for each worker', async () => {
    const yard = await new Yard({ recycle: { calls: 2 } }).start()
    const old = yard.worker(0)
    old.objects = 1
    for (let i = 0; i < 5; i++) yard.call(0)
    old.objects = 0
    yard.call(0)
    expect(yard.recycling).toEqual([old])
  })

  it('a worker that holds too much is ended at once, with an error that says so', async () => {
    const yard = await new Yard({ maxMemoryMb: 100, isKillable: true }).start()
    const old = yard.take(0)
    old.holdsMb = 101
    await yard.pass(1_000)
    expect([old.killed, old.endedAs === undefined]).toEqual([true, false])
    await yard.die(old)
    expect(yard.launches).toEqual(['0@1000'])
  })
})

describe('a worker that ends before it has begun a call', () => {
  it('a worker that ends before its first call is replaced at once, then later and later, and calls are refused from the third one on', async () => {
    const yard = await new Yard({ size: { min: 1, max: 1 } }).start()
    const refusals: number[] = []
    for (let i = 0; i < 5; i++) {
      await yard.die(yard.worker(0), true)
      refusals.push(yard.unavailable.length)
      expect(yard.supervisor.isDown(0)).toBe(i > 0)
      await yard.pass(i === 0 ? 0 : 100 * 2 ** (i - 1))
    }
    expect(yard.launches).toEqual(['0@0', '0@100', '0@300', '0@700', '0@1500'])
    expect(refusals).toEqual([0, 0, 2, 4, 6]) // those for this number, and all the others
    expect(yard.unavailable[0]).toEqual({ code: 'DIED', index: 0 })
  })

  it('early ends count no more once a worker has begun a call, has lived for long or was recycled', async () => {
    const yard = await new Yard({ size: { min: 1, max: 1 }, recycle: { calls: 1 } }).start()
    const lives: (() => Promise<unknown>)[] = [
      () => yard.die(yard.worker(0)),
      async () => {
        await yard.pass(10_000)
        await yard.die(yard.worker(0), true)
      },
      async () => yard.call(0),
    ]
    for (const life of lives) {
      for (let i = 0; i < 2; i++) {
        await yard.die(yard.worker(0), true)
        await yard.pass(100)
      }
      await life()
      await turn()
      expect(yard.serving).toEqual([0])
    }
    expect(yard.unavailable).toEqual([])
  })

  it('a worker that ends before its first call does not keep the others from their calls', async () => {
    const yard = await new Yard({ size: { min: 2, max: 2 } }).start()
    for (let i = 0; i < 4; i++) {
      await yard.die(yard.worker(1), true)
      await yard.pass(100 * 2 ** i)
    }
    expect(yard.unavailable.every(({ index }) => index === 1)).toBe(true)
  })
})

describe('a worker that goes on with a cancelled call', () => {
  it('a worker that goes on with a cancelled call is ended where that is possible', async () => {
    const yard = await new Yard({ isKillable: true }).start()
    const worker = await yard.stuck(0)
    expect([worker.killed, worker.wedged, worker.endedAs === undefined]).toEqual([
      true,
      false,
      false,
    ])
    await yard.die(worker)
    expect([yard.serving, yard.supervisor.replaced, yard.supervisor.wedged]).toEqual([[0, 1], 1, 0])
  })

  it('a worker that cannot be ended is left alone and replaced', async () => {
    const yard = await new Yard().start()
    const worker = await yard.stuck(0)
    expect([worker.wedged, worker.ended, yard.worker(0) === worker]).toEqual([true, false, false])
    expect([yard.serving, yard.launches, yard.supervisor.wedged, yard.supervisor.replaced]).toEqual(
      [[0, 1], ['0@0'], 1, 1],
    )
    expect(yard.unavailable).toEqual([])
  })

  it('with too many wedged workers only calls for a wedged worker are refused', async () => {
    const yard = await new Yard({ maxWedged: 1 }).start()
    await yard.stuck(0)
    await yard.stuck(0)
    expect([yard.serving, yard.launches, yard.supervisor.wedged]).toEqual([[1], ['0@0'], 2])
    expect(yard.unavailable).toEqual([{ code: 'ERR_PYTHREADS_WEDGED', index: 0 }])
    yard.supervisor.grow(undefined)
    expect(yard.unavailable).toHaveLength(1)
    yard.supervisor.grow(0)
    expect(yard.unavailable.at(-1)).toEqual({ code: 'ERR_PYTHREADS_WEDGED', index: 0 })
  })

  it('with all workers wedged every call is refused', async () => {
    const yard = await new Yard({ maxWedged: 0 }).start()
    await yard.stuck(0)
    await yard.stuck(1)
    expect(yard.unavailable.at(-1)).toEqual({ code: 'ERR_PYTHREADS_WEDGED', index: undefined })
    yard.supervisor.grow(undefined)
    expect(yard.unavailable.filter(({ index }) => index === undefined)).toHaveLength(2)
    expect(yard.launches).toEqual([])
  })

  it('calls are not refused while a worker is starting', async () => {
    const yard = await new Yard({ size: { min: 1, max: 2 }, maxWedged: 0 }).start()
    yard.launch = () => new Promise(() => {})
    yard.supervisor.grow(undefined)
    await yard.stuck(0)
    yard.supervisor.grow(undefined)
    expect(yard.unavailable.filter(({ index }) => index === undefined)).toEqual([])
  })

  it('a wedged worker that comes back ends, and makes room for another to be replaced', async () => {
    const yard = await new Yard({ maxWedged: 1 }).start()
    const [first, second] = [await yard.stuck(0), await yard.stuck(1)]
    expect(yard.serving).toEqual([0])
    yard.free(first)
    await turn()
    expect([first.closed, yard.worker(1) === second, yard.serving, yard.supervisor.wedged]).toEqual(
      [true, false, [0, 1], 1],
    )
    yard.free(second)
    await turn()
    expect([second.closed, yard.serving, yard.supervisor.wedged, yard.launches.length]).toEqual([
      true,
      [0, 1],
      0,
      2,
    ])
  })

  it('a wedged worker that comes back and was not replaced gets a successor', async () => {
    const yard = await new Yard({ maxWedged: 0 }).start()
    const worker = await yard.stuck(0)
    yard.free(worker)
    await turn()
    expect([worker.closed, yard.serving, yard.supervisor.wedged]).toEqual([true, [0, 1], 0])
  })

  it('a wedged worker that ends by itself makes room too', async () => {
    const yard = await new Yard({ maxWedged: 1 }).start()
    const [first, second] = [await yard.stuck(0), await yard.stuck(1)]
    await yard.die(first)
    expect([yard.worker(1) === second, yard.serving, yard.supervisor.wedged]).toEqual([
      false,
      [0, 1],
      1,
    ])
  })

  it('a wedged worker that ends by itself and was not replaced gets a successor', async () => {
    const yard = await new Yard({ maxWedged: 0 }).start()
    await yard.die(await yard.stuck(0))
    expect([yard.serving, yard.supervisor.wedged]).toEqual([[0, 1], 0])
  })

  it('a wedged worker that is not wanted any more is not replaced', async () => {
    const yard = await new Yard().start()
    yard.take(1)
    await yard.supervisor.resize({ min: 1, max: 1, idleMs: 1_000 })
    await yard.stuck(1)
    await yard.pass(10_000)
    expect([yard.serving, yard.launches]).toEqual([[0], []])
  })

  it('the end of the pool ends wedged workers', async () => {
    const yard = await new Yard().start()
    const worker = await yard.stuck(0)
    expect(new Set(yard.supervisor.stop())).toEqual(
      new Set([worker, yard.worker(0), yard.worker(1)]),
    )
  })
})

/** What can happen to a supervisor, in any order; the numbers choose the worker. */
type Step =
  | {
      readonly kind:
        | 'call'
        | 'take'
        | 'free'
        | 'die'
        | 'stuck'
        | 'lease'
        | 'giveBack'
        | 'hold'
        | 'release'
      readonly worker: number
    }
  | { readonly kind: 'grow'; readonly index: number | undefined }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'starts'; readonly works: boolean }
  | { readonly kind: 'resize'; readonly min: number; readonly more: number }

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constantFrom('call', 'take', 'free'), worker: fc.nat(3) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('die', 'stuck', 'lease', 'giveBack', 'hold', 'release'),
      worker: fc.nat(5),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('grow' as const), index: fc.constant(undefined) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(1, 60, 500, 3_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('starts' as const), works: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('resize' as const), min: fc.nat(3), more: fc.nat(2) }),
  },
) as fc.Arbitrary<Step>

async function take(yard: Yard, step: Step): Promise<void> {
  switch (step.kind) {
    case 'grow':
      return yard.supervisor.grow(step.index)
    case 'pass':
      return yard.pass(step.ms)
    case 'starts':
      yard.launch = step.works ? () => Promise.resolve() : refused
      return
    case 'resize':
      return yard.supervisor
        .resize({ min: step.min, max: Math.max(1, step.min + step.more), idleMs: 400 })
        .catch(() => {})
    default:
      return happen(yard, step.kind, step.worker)
  }
}

async function end(yard: Yard, worker: Member): Promise<void> {
  await yard.die(worker)
  worker.closed = true
}

async function happen(yard: Yard, kind: string, number: number): Promise<void> {
  const living = yard.all.filter((worker) => !worker.ended)
  const worker = living[number % Math.max(1, living.length)]
  if (worker === undefined) return
  if (kind === 'die') return end(yard, worker)
  if (kind === 'free' && worker.depth > 0) return yard.free(worker)
  if (!worker.serving) return
  if (kind === 'call') yard.call(worker.index)
  else if (kind === 'take' && !worker.retiring) yard.take(worker.index)
  else if (kind === 'stuck') await yard.stuck(worker.index)
  else if (kind === 'lease' && worker.idle && !worker.retiring) yard.lease(worker.index)
  else if (kind === 'giveBack' && yard.leased.has(worker)) yard.giveBack(worker)
  else if (kind === 'hold') worker.objects++
  else if (kind === 'release') worker.objects = 0
}

/** What must hold whatever has happened. */
function check(yard: Yard): void {
  const { workers, supervisor } = yard
  for (const [index, worker] of workers.entries())
    if (worker !== undefined && worker.index !== index) throw new Error('a wrong number')
  for (const worker of yard.all) {
    if (worker.serving && worker.ended)
      throw new Error(`worker ${worker.index} serves and was ended`)
    if (worker.serving && workers[worker.index] !== worker)
      throw new Error(`worker ${worker.index} serves, and nobody knows it`)
    if (
      worker.serving &&
      worker.idle &&
      worker.retiring &&
      worker.index < supervisor.size.max &&
      !yard.leased.has(worker)
    ) {
      throw new Error(`worker ${worker.index} is idle, and neither takes calls nor ends`)
    }
  }
  const living = yard.all.filter((worker) => worker.wedged && !worker.ended).length
  if (supervisor.wedged !== living)
    throw new Error(`${living} workers are wedged, and ${supervisor.wedged} are said to be`)
}

describe('whatever happens', () => {
  it('no worker is ended that is busy, needed or leased; none is lost; and there are enough in the end', async () => {
    let resizes = 0
    const run = fc.asyncProperty(fc.array(steps, { minLength: 5, maxLength: 40 }), async (plan) => {
      const yard = await new Yard({
        size: { min: 1, max: 3, idleMs: 400 },
        recycle: { calls: 4, ageMs: 5_000 },
      }).start()
      const asked = vi.spyOn(Member.prototype, 'close').mockImplementation(function (this: Member) {
        if (!this.wedged && (this.isNeeded || yard.leased.has(this)))
          throw new Error(`worker ${this.index} was needed`)
        this.closed = true
        this.life.close()
        return Promise.resolve()
      })
      try {
        for (const step of plan) {
          if (step.kind === 'resize') resizes++
          await take(yard, step)
          await turn()
          check(yard)
        }
        yard.launch = () => Promise.resolve()
        yard.leased.clear()
        for (const worker of yard.all) worker.objects = 0
        for (const worker of yard.all) while (!worker.ended && worker.depth > 0) yard.free(worker)
        for (let i = 0; i < 3; i++) yard.supervisor.grow(undefined)
        await yard.pass(20_000)
        check(yard)
        const { min, max } = yard.supervisor.size
        expect(yard.serving.length).toBeGreaterThanOrEqual(min)
        expect(yard.serving.every((index) => index < max)).toBe(true)
        expect(yard.supervisor.wedged).toBe(0)
      } finally {
        asked.mockRestore()
        yard.supervisor.stop()
      }
    })
    await fc.assert(run, { numRuns: 200 })
    expect(resizes).toBeGreaterThan(50)
  })
})

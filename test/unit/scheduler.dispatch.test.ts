/**
 * Which worker takes which call: the rules in the comment of the class Dispatcher, each proven with
 * workers that have no Python and a clock that stands still, and all of them at once by random
 * sequences of what can happen.
 *
 * Each test names the rule that it proves. In a failing random one, the steps that fast-check
 * prints lead to the broken rule, and the error names the rule: `place` makes a call, `finish` lets
 * a worker's thread be done with what it runs, and so on.
 */
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Dispatcher } from '../../src/scheduler/dispatcher.ts'
import { type Lease, Leases } from '../../src/scheduler/leases.ts'
import { type CallOptions, Calls, type FakeCall, FakeWorker } from '../support/fake-calls.ts'

/** So many short calls of a kind, and the next one is expected to be short. */
const TRUSTED = 8
/** How long a call may run before those behind it are taken back, at most. */
const TAKEN_BACK_MS = 4

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'],
  })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A dispatcher and its workers, joined as the pool joins them. */
class Floor {
  readonly calls = new Calls()
  readonly workers: FakeWorker[]
  readonly leases = new Leases<FakeWorker>((worker) => this.dispatcher.feed(worker))
  readonly dispatcher: Dispatcher<FakeWorker>
  /** The calls for which nobody was there at once. */
  readonly waiting: FakeCall[] = []
  readonly takenBack: FakeCall[] = []
  drained = 0
  /** Looks at a call that is about to be sent. */
  watch: (call: FakeCall, worker: FakeWorker) => void = () => {}

  constructor(workers: number) {
    this.dispatcher = new Dispatcher<FakeWorker>(this.leases, {
      sending: (task, worker) => {
        task.worker = worker as never
        this.watch(task as FakeCall, worker)
      },
      waiting: (task) => this.waiting.push(task as FakeCall),
      takenBack: (task) => {
        task.worker = undefined
        this.takenBack.push(task as FakeCall)
        this.dispatcher.replace(task)
      },
      drained: () => this.drained++,
    })
    this.workers = Array.from({ length: workers }, (_, workerIndex) => this.add(workerIndex))
  }

  add(workerIndex: number): FakeWorker {
    const worker = new FakeWorker(workerIndex)
    this.dispatcher.workers[workerIndex] = worker
    this.dispatcher.feed(worker)
    return worker
  }

  worker(workerIndex: number): FakeWorker {
    const worker = this.dispatcher.workers[workerIndex]
    if (worker === undefined) throw new Error(`there is no worker ${workerIndex}`)
    return worker
  }

  place(options: CallOptions = {}): FakeCall {
    const call = this.calls.make(options)
    this.dispatcher.place(call)
    return call
  }

  /** The worker is done with what it runs. */
  finish(workerIndex: number, us: number = 1_000_000): FakeCall {
    const worker = this.worker(workerIndex)
    const call = worker.finish()
    call.worker = undefined
    if (call.key !== undefined) this.dispatcher.profiles.learn(call.key, us)
    call.resolve(workerIndex)
    this.dispatcher.feed(worker)
    return call
  }

  callBack(workerIndex: number): number {
    const worker = this.worker(workerIndex)
    const callback = worker.callBack()
    if (worker.waits) this.dispatcher.feed(worker)
    return callback
  }

  /** Makes calls of this kind known to be short. */
  short(key: string, us: number = 10): string {
    for (let i = 0; i < TRUSTED; i++) this.dispatcher.profiles.learn(key, us)
    return key
  }

  /** The workers as numbers that have these calls; `undefined`: it waits. */
  where(...calls: FakeCall[]): (number | undefined)[] {
    return calls.map((call) => this.workers.find((worker) => worker.has.includes(call))?.index)
  }

  /** Lets a worker finish one call after the other, as long as it has any. Answers their names. */
  drain(workerIndex: number): string[] {
    const names: string[] = []
    while (!this.worker(workerIndex).idle) names.push(this.finish(workerIndex).name)
    return names
  }
}

describe('rule 1: an idle worker takes the next call', () => {
  it('a call goes to an idle worker at once', () => {
    const floor = new Floor(3)
    const calls = [floor.place(), floor.place(), floor.place()]
    expect(floor.where(...calls).toSorted()).toEqual([0, 1, 2])
    expect(floor.waiting).toEqual([])
    expect(floor.dispatcher.queued).toBe(0)
  })

  it('the worker that was idle last goes first', () => {
    const floor = new Floor(3)
    for (let i = 0; i < 3; i++) floor.place()
    for (const workerIndex of [1, 0, 2]) floor.finish(workerIndex)
    expect(floor.where(floor.place(), floor.place(), floor.place())).toEqual([2, 0, 1])
  })

  it('the worker that was idle last goes first, also after a call that named it', () => {
    const floor = new Floor(3)
    for (const workerIndex of [0, 1, 2]) {
      floor.place({ workerIndex })
      floor.finish(workerIndex)
    }
    floor.place({ workerIndex: 0 })
    floor.finish(0)
    expect(floor.where(floor.place())).toEqual([0])
  })

  it('of calls that wait, the one that has waited longest comes first', () => {
    const floor = new Floor(1)
    floor.place({ name: 'first' })
    for (const name of ['a', 'b', 'c']) floor.place({ name })
    expect(floor.drain(0)).toEqual(['first', 'a', 'b', 'c'])
  })

  it('of calls that wait, the one of the highest priority comes first, and among equals the one that has waited longest', () => {
    const floor = new Floor(1)
    floor.place({ name: 'first', priority: -1 })
    const made = [0, 5, -3, 5, 0, 1.5, -3].map(
      (priority, i) => floor.place({ name: `${priority}:${i}`, priority }).name,
    )
    expect(made).toHaveLength(7)
    expect(floor.drain(0)).toEqual(['first', '5:1', '5:3', '1.5:5', '0:0', '0:4', '-3:2', '-3:6'])
  })

  it('a call that names a worker has its turn there among those for any', () => {
    const floor = new Floor(2)
    for (const workerIndex of [0, 1]) floor.place({ workerIndex, name: 'first' })
    floor.place({ name: 'any 1' })
    floor.place({ name: 'for 0', workerIndex: 0 })
    floor.place({ name: 'any 2' })
    floor.place({ name: 'urgent for 0', workerIndex: 0, priority: 1 })
    expect(floor.drain(0)).toEqual(['first', 'urgent for 0', 'any 1', 'for 0', 'any 2'])
  })

  it('a call that names a worker waits for it while others are idle', () => {
    const floor = new Floor(2)
    const [long, pinned] = [floor.place({ workerIndex: 0 }), floor.place({ workerIndex: 0 })]
    expect(floor.where(long, pinned)).toEqual([0, undefined])
    expect(floor.where(floor.place())).toEqual([1])
    floor.finish(0)
    expect(floor.where(pinned)).toEqual([0])
  })

  it('a worker that is not serving takes no call', () => {
    const floor = new Floor(1)
    floor.worker(0).serving = false
    const calls = [floor.place(), floor.place({ workerIndex: 0 })]
    expect(floor.where(...calls)).toEqual([undefined, undefined])
    expect(floor.waiting).toEqual(calls)
    floor.worker(0).serving = true
    floor.dispatcher.feed(floor.worker(0))
    expect(floor.drain(0)).toEqual(calls.map((call) => call.name))
  })

  it('a call that names a number without a worker waits for that worker', () => {
    const floor = new Floor(1)
    const call = floor.place({ workerIndex: 3 })
    expect(floor.waiting).toEqual([call])
    floor.add(3)
    expect(floor.worker(3).got).toEqual([call])
  })

  it('a short call never waits behind a long one while a worker is idle', () => {
    const floor = new Floor(2)
    const key = floor.short('short')
    floor.place({ workerIndex: 1, key })
    expect(floor.where(floor.place({ key }), floor.place({ key }))).toEqual([0, expect.any(Number)])
    floor.drain(0)
    floor.drain(1)
    const long = floor.place({ key: 'long' })
    const short = floor.place({ key })
    expect(floor.where(long)).not.toEqual(floor.where(short))
  })
})

describe('rule 1: tiny calls go to one worker that is at work on such', () => {
  it.each([
    [1, 64],
    [5, 40],
    [9, 22],
  ])('calls of %i microseconds: so long as fewer than %i are before it', (us, room) => {
    const floor = new Floor(3)
    const key = floor.short('tiny', us)
    const calls = Array.from({ length: room }, () => floor.place({ key }))
    expect(new Set(floor.where(...calls)).size).toBe(1)
    const another = floor.place({ key })
    expect(floor.where(another)).not.toEqual(floor.where(calls[0] as FakeCall))
    expect(floor.where(floor.place({ key }))).toEqual(floor.where(another))
  })

  it('calls that are not tiny do not go to a worker that is at work', () => {
    const floor = new Floor(3)
    const key = floor.short('short', 10)
    const calls = [floor.place({ key }), floor.place({ key }), floor.place({ key })]
    expect(floor.where(...calls).toSorted()).toEqual([0, 1, 2])
  })

  it.each([['short'], ['unknown']])(
    'a tiny call does not queue behind a call that is %s',
    (other) => {
      const floor = new Floor(2)
      const key = floor.short('tiny', 5)
      floor.short('short', 10)
      const one = floor.place({ key: other })
      expect(floor.where(floor.place({ key }))).not.toEqual(floor.where(one))
    },
  )

  it('a tiny call does not overtake a call that waits and has its turn before', () => {
    const floor = new Floor(2)
    const key = floor.short('tiny', 5)
    floor.place({ workerIndex: 0, key })
    floor.place({ workerIndex: 0 })
    expect(floor.where(floor.place({ key }))).toEqual([1])
  })

  it('a tiny call does not go to a leased worker, and not to one that retires', async () => {
    const floor = new Floor(2)
    const key = floor.short('tiny', 5)
    const lease = floor.leases.request(floor.calls.next())
    floor.dispatcher.offer()
    const { workerIndex } = await lease
    floor.place({ workerIndex, key })
    const calls = [floor.place({ key }), floor.place({ key })]
    expect(floor.where(...calls)).toEqual([1 - workerIndex, 1 - workerIndex])
    floor.worker(1 - workerIndex).retiring = true
    expect(floor.where(floor.place({ key }))).toEqual([undefined])
  })

  it('tiny calls behind a call that turns out long go to an idle worker soon', () => {
    const floor = new Floor(2)
    const key = floor.short('tiny', 5)
    const calls = Array.from({ length: 5 }, () => floor.place({ key }))
    const [first] = floor.where(...calls)
    vi.advanceTimersByTime(TAKEN_BACK_MS)
    expect(floor.takenBack).toEqual(calls.slice(1))
    expect(floor.where(calls[1] as FakeCall)).toEqual([1 - (first as number)])
    expect(floor.where(floor.place({ key }))).not.toEqual([first])
  })
})

describe('rule 2: when all are busy, a short call is sent along behind short ones', () => {
  it('a call that is not short is not sent along', () => {
    const floor = new Floor(1)
    const key = floor.short('short')
    floor.place({ key })
    const calls = [floor.place({ key }), floor.place({ key: 'unknown' }), floor.place()]
    expect(floor.where(...calls)).toEqual([0, undefined, undefined])
  })

  it('a short call is not sent along behind a long call', () => {
    const floor = new Floor(1)
    const key = floor.short('short')
    floor.place({ key: 'unknown' })
    expect(floor.where(floor.place({ key }))).toEqual([undefined])
  })

  it('a short call that is sent along does not overtake a call that waits and has its turn before', () => {
    const floor = new Floor(1)
    const key = floor.short('short')
    floor.place({ key })
    const unknown = floor.place({ key: 'unknown', name: 'unknown' })
    const behind = floor.place({ key })
    expect(floor.where(unknown, behind)).toEqual([undefined, undefined])
    const urgent = floor.place({ key, priority: 1 })
    expect(floor.where(urgent)).toEqual([0])
  })

  it('a short call that is sent along does not overtake a call that waits for that worker and would wait for ever', () => {
    const floor = new Floor(1)
    const key = floor.short('short')
    floor.place({ key })
    const pinned = floor.place({ workerIndex: 0 })
    const call = floor.place({ key })
    expect(floor.where(pinned, call)).toEqual([undefined, undefined])
    floor.finish(0, 10)
    expect(floor.where(pinned)).toEqual([0])
  })

  it('a short call is sent along to the worker that has the fewest calls', () => {
    const floor = new Floor(3)
    const key = floor.short('short')
    const calls = Array.from({ length: 9 }, () => floor.place({ key }))
    expect(floor.where(...calls.slice(3, 6)).toSorted()).toEqual([0, 1, 2])
    expect(floor.workers.map((worker) => worker.depth)).toEqual([3, 3, 3])
  })

  it.each([
    [10, 64],
    [50, 20],
    [100, 10],
    [200, 5],
  ])('calls of %i microseconds: never more than %i at once', (us, window) => {
    const floor = new Floor(1)
    const key = floor.short('short', us)
    expect(floor.dispatcher.profiles.pipelineDepth(key)).toBe(window)
    for (let i = 0; i < 100; i++) floor.place({ key })
    expect(floor.worker(0).depth).toBe(window)
    for (let i = 0; i < 100 - window; i++) {
      floor.finish(0, us)
      expect(floor.worker(0).depth).toBe(window)
    }
    expect(floor.dispatcher.queued).toBe(0)
  })

  it('a short call is not sent along behind a call that waits for a callback, or within a callback', () => {
    const floor = new Floor(1)
    const key = floor.short('short')
    floor.place({ key, name: 'outer' })
    floor.callBack(0)
    const call = floor.place({ key })
    expect(floor.where(call)).toEqual([undefined])
    floor.place({ key, origin: floor.worker(0), name: 'nested' })
    expect(floor.where(call, floor.place({ key }))).toEqual([undefined, undefined])
  })

  it('a short call is not sent along behind a long call whose callback made a short call', () => {
    const floor = new Floor(1)
    const key = floor.short('short')
    floor.place({ key: 'long' })
    const callback = floor.callBack(0)
    floor.place({ key, origin: floor.worker(0) })
    floor.finish(0, 10)
    floor.worker(0).answer(callback)
    expect(floor.where(floor.place({ key }))).toEqual([undefined])
  })
})

describe('rule 2: where more calls wait, one stands by behind a brief one', () => {
  /** Workers that run brief calls, and some that wait. */
  function queue(workers: number, calls: number): { floor: Floor; key: string; made: FakeCall[] } {
    const floor = new Floor(workers)
    const key = floor.short('brief', 5_000)
    const made = Array.from({ length: calls }, (_, i) => floor.place({ key, name: `${i}` }))
    return { floor, key, made }
  }

  it('a call stands by only when the worker gets its next call: a worker may become idle before', () => {
    const { floor, made } = queue(1, 4)
    expect(floor.where(...made)).toEqual([0, undefined, undefined, undefined])
    floor.finish(0, 5_000)
    expect(floor.where(...made.slice(1))).toEqual([0, 0, undefined])
    floor.finish(0, 5_000)
    expect(floor.where(...made.slice(2))).toEqual([0, 0])
    expect(floor.drain(0)).toEqual(['2', '3'])
    expect(floor.takenBack).toEqual([])
  })

  it('one call at most stands by, only a brief one, and none that names the worker', () => {
    for (const last of [{ key: 'unknown' }, {}, { key: 'brief', workerIndex: 0 }]) {
      const { floor, key } = queue(1, 1)
      floor.place({ key, name: 'next' })
      const call = floor.place(last)
      floor.finish(0, 5_000)
      expect(floor.where(call)).toEqual([undefined])
      expect(floor.worker(0).depth).toBe(1)
    }
  })

  it('no call stands by behind a call that is not brief', () => {
    const { floor, key } = queue(1, 1)
    floor.place({ name: 'unknown' })
    const call = floor.place({ key })
    floor.finish(0, 5_000)
    expect(floor.where(call)).toEqual([undefined])
  })

  it('a kind of call that was brief is not brief after one long call', () => {
    const { floor, made } = queue(1, 4)
    floor.finish(0, 11_000)
    expect(floor.where(...made.slice(1))).toEqual([0, undefined, undefined])
  })

  it('an idle worker takes the calls that stand by, the one of the highest priority first', () => {
    const { floor, key } = queue(3, 3)
    const [low, high] = [
      floor.place({ key, name: 'low', priority: -1 }),
      floor.place({ key, name: 'high' }),
    ]
    const others = [floor.place({ key, priority: 1 }), floor.place({ key, priority: 1 })]
    for (const workerIndex of [0, 1]) floor.finish(workerIndex, 5_000)
    expect(floor.where(...others, high, low)).toEqual([0, 0, 1, 1])
    floor.finish(2, 5_000)
    expect(floor.where(...others, high, low)).toEqual([0, 2, 1, 1])
    expect(floor.takenBack).toEqual([others[1]])
  })

  it('a call of a higher priority goes before the call that stands by', () => {
    const { floor, key, made } = queue(1, 3)
    floor.finish(0, 5_000)
    floor.place({ key, name: 'urgent', priority: 1 })
    expect(floor.where(made[2] as FakeCall)).toEqual([undefined])
    expect(floor.drain(0)).toEqual(['1', 'urgent', '2'])
  })

  it('a call that stands by is taken back when the call before it is not brief after all', () => {
    const { floor, made } = queue(1, 3)
    floor.finish(0, 5_000)
    vi.advanceTimersByTime(15)
    expect(floor.takenBack).toEqual([])
    vi.advanceTimersByTime(30)
    expect(floor.takenBack).toEqual([made[2]])
    expect(floor.where(made[2] as FakeCall)).toEqual([undefined])
    vi.advanceTimersByTime(100)
    expect(vi.getTimerCount()).toBe(1) // the one that keeps the process alive
  })

  it('tiny calls go along behind a tiny call that stood by, once it runs', () => {
    const { floor, key } = queue(1, 1)
    const tiny = floor.short('tiny', 5)
    floor.place({ key })
    const calls = [
      floor.place({ key: tiny }),
      floor.place({ key: tiny }),
      floor.place({ key: tiny }),
    ]
    floor.finish(0, 5_000)
    expect(floor.where(...calls)).toEqual([0, undefined, undefined])
    floor.finish(0, 5_000)
    expect(floor.where(...calls)).toEqual([0, 0, 0])
  })

  it('no call stands by while a lease waits for a worker', async () => {
    const { floor, key } = queue(1, 2)
    const lease = floor.leases.request(floor.calls.next())
    floor.dispatcher.offer()
    for (let i = 0; i < 3; i++) floor.place({ key })
    floor.finish(0, 5_000)
    expect(floor.worker(0).depth).toBe(1)
    floor.finish(0, 5_000)
    expect((await lease).workerIndex).toBe(0)
  })

  it('no call stands by where another call names the worker and waits', () => {
    const { floor, key } = queue(1, 2)
    const pinned = floor.place({ key, workerIndex: 0 })
    const call = floor.place({ key })
    floor.finish(0, 5_000)
    expect(floor.where(pinned, call)).toEqual([undefined, undefined])
    floor.finish(0, 5_000)
    expect(floor.where(pinned, call)).toEqual([0, 0])
  })
})

describe('rule 3: when a call that was to be short is not, those behind it are taken back', () => {
  function behindALongOne(): { floor: Floor; long: FakeCall; behind: FakeCall[] } {
    const floor = new Floor(2)
    const key = floor.short('short', 150)
    floor.place({ workerIndex: 1, name: 'busy' })
    const long = floor.place({ key })
    const behind = Array.from({ length: 5 }, () => floor.place({ key }))
    expect(floor.where(long, ...behind)).toEqual([0, 0, 0, 0, 0, 0])
    return { floor, long, behind }
  }

  it('calls behind a long call are taken back after a few milliseconds, and not before', () => {
    const { floor, behind } = behindALongOne()
    vi.advanceTimersByTime(1)
    expect(floor.takenBack).toEqual([])
    vi.advanceTimersByTime(TAKEN_BACK_MS - 1)
    expect(floor.takenBack).toEqual(behind)
    expect(floor.where(...behind)).toEqual(behind.map(() => undefined))
  })

  it('calls that were taken back go to the next free worker, in their order and before later calls', () => {
    const { floor, behind } = behindALongOne()
    const later = [floor.place({ key: 'unknown' }), floor.place({ key: 'unknown' })]
    vi.advanceTimersByTime(TAKEN_BACK_MS)
    expect(floor.drain(1)).toEqual(
      ['busy', ...behind, ...later].map((call) => (typeof call === 'string' ? call : call.name)),
    )
  })

  it('calls that were taken back go to an idle worker at once', () => {
    const { floor, behind } = behindALongOne()
    floor.finish(1)
    expect(floor.worker(1).idle).toBe(true)
    vi.advanceTimersByTime(TAKEN_BACK_MS)
    expect(floor.where(...behind)).toEqual([1, undefined, undefined, undefined, undefined])
    expect(floor.drain(1)).toEqual(behind.map((call) => call.name))
  })

  it('calls of a higher priority that came meanwhile go before calls that were taken back', () => {
    const { floor, behind } = behindALongOne()
    floor.place({ name: 'urgent', priority: 1 })
    vi.advanceTimersByTime(TAKEN_BACK_MS)
    floor.finish(1)
    expect(floor.drain(1)).toEqual(['urgent', ...behind.map((call) => call.name)])
  })

  it('no call is sent along behind the long call until it is done', () => {
    const { floor } = behindALongOne()
    const key = floor.short('other')
    expect(floor.where(floor.place({ key, priority: 1 }))).toEqual([0])
    vi.advanceTimersByTime(TAKEN_BACK_MS)
    const call = floor.place({ key, priority: 2 })
    expect(floor.where(call)).toEqual([undefined])
    floor.finish(0)
    expect(floor.where(call, floor.place({ key, priority: 1 }))).toEqual([0, 0])
  })

  it('no call is taken back behind a call that is short, however many there are', () => {
    const floor = new Floor(1)
    const key = floor.short('short', 100)
    for (let i = 0; i < 200; i++) floor.place({ key })
    for (let i = 0; i < 200; i++) {
      vi.advanceTimersByTime(1)
      floor.finish(0, 100)
    }
    expect(floor.takenBack).toEqual([])
    expect(floor.worker(0).idle).toBe(true)
  })

  it('calls behind a second call that is long are taken back, too, when the first was short', () => {
    const floor = new Floor(1)
    const key = floor.short('short')
    const calls = [floor.place({ key }), floor.place({ key }), floor.place({ key })]
    vi.advanceTimersByTime(1)
    floor.finish(0, 10)
    vi.advanceTimersByTime(1)
    expect(floor.takenBack).toEqual([])
    vi.advanceTimersByTime(TAKEN_BACK_MS)
    expect(floor.takenBack).toEqual(calls.slice(2))
  })

  it('the dispatcher stops looking when no call stands behind another', () => {
    const { floor } = behindALongOne()
    vi.advanceTimersByTime(2 * TAKEN_BACK_MS)
    const before = vi.getTimerCount()
    vi.advanceTimersByTime(100)
    expect(vi.getTimerCount()).toBe(before)
    expect(floor.worker(0).depth).toBe(1)
    expect(before).toBe(1) // the one that keeps the process alive
  })

  it('no call is taken back because a callback takes long', () => {
    const { floor } = behindALongOne()
    vi.advanceTimersByTime(2 * TAKEN_BACK_MS)
    floor.finish(1)
    floor.drain(1)
    const key = floor.short('other')
    floor.place({ key, workerIndex: 1 })
    floor.place({ key }) // behind it, so somebody looks
    floor.drain(1)
    floor.callBack(0)
    vi.advanceTimersByTime(100)
    expect(vi.getTimerCount()).toBe(1)
  })
})

describe('rule 4: leased, retiring and waiting workers', () => {
  async function leased(floor: Floor): Promise<Lease> {
    const lease = floor.leases.request(floor.calls.next())
    floor.dispatcher.offer()
    return lease
  }

  it('a leased worker takes only calls that name it', async () => {
    const floor = new Floor(1)
    const lease = await leased(floor)
    const [any, own] = [floor.place(), floor.place({ workerIndex: lease.workerIndex })]
    expect(floor.where(any, own)).toEqual([undefined, 0])
    floor.finish(0)
    expect(floor.where(any)).toEqual([undefined])
    lease.giveBack()
    expect(floor.where(any)).toEqual([0])
  })

  it('no short call is sent along to a leased worker', async () => {
    const floor = new Floor(1)
    const key = floor.short('short')
    await leased(floor)
    floor.place({ key, workerIndex: 0 })
    expect(floor.where(floor.place({ key }))).toEqual([undefined])
    floor.finish(0, 10)
    expect(floor.dispatcher.queued).toBe(1)
  })

  it('a lease waits for its turn among the calls', async () => {
    const floor = new Floor(1)
    floor.place({ name: 'first' })
    floor.place({ name: 'before' })
    let workerIndex: number | undefined
    const lease = leased(floor)
    void lease.then((it) => {
      workerIndex = it.workerIndex
    })
    floor.place({ name: 'after' })
    floor.finish(0)
    await Promise.resolve()
    expect([workerIndex, floor.worker(0).has[0]?.name]).toEqual([undefined, 'before'])
    floor.finish(0)
    expect((await lease).workerIndex).toBe(0)
    expect(floor.worker(0).idle).toBe(true)
    ;(await lease).giveBack()
    expect(floor.drain(0)).toEqual(['after'])
  })

  it('a call that names the worker and came before the lease is not left behind', async () => {
    const floor = new Floor(1)
    floor.place()
    const before = floor.place({ workerIndex: 0 })
    const lease = leased(floor)
    floor.finish(0)
    expect(floor.where(before)).toEqual([0])
    floor.finish(0)
    expect((await lease).workerIndex).toBe(0)
  })

  it('a call that names the leased worker and came after the lease is not left behind', async () => {
    const floor = new Floor(1)
    floor.place()
    const lease = leased(floor)
    const after = floor.place({ workerIndex: 0 })
    floor.finish(0)
    expect((await lease).workerIndex).toBe(0)
    expect(floor.where(after)).toEqual([0])
  })

  it('calls of a higher priority go before the lease', async () => {
    const floor = new Floor(1)
    floor.place()
    const lease = leased(floor)
    floor.place({ name: 'urgent', priority: 1 })
    floor.finish(0)
    expect(floor.worker(0).has.map((call) => call.name)).toEqual(['urgent'])
    floor.finish(0)
    expect((await lease).workerIndex).toBe(0)
  })

  it('leases are given in the order in which they were asked for, each worker to one', async () => {
    const floor = new Floor(2)
    const [one, two] = await Promise.all([leased(floor), leased(floor)])
    expect(new Set([one.workerIndex, two.workerIndex]).size).toBe(2)
    const third = leased(floor)
    const fourth = leased(floor)
    two.giveBack()
    expect((await third).workerIndex).toBe(two.workerIndex)
    one.giveBack()
    expect((await fourth).workerIndex).toBe(one.workerIndex)
  })

  it('giving back a lease twice frees the worker once', async () => {
    const floor = new Floor(1)
    const one = await leased(floor)
    one.giveBack()
    const two = await leased(floor)
    one.giveBack()
    expect(floor.leases.has(floor.worker(two.workerIndex))).toBe(true)
  })

  it('a session that a call for it waits for is not held up by calls of its callbacks for any worker', async () => {
    const floor = new Floor(1)
    const { workerIndex } = await leased(floor)
    const host = floor.worker(workerIndex)
    floor.place({ workerIndex, name: 'outer' })
    const callback = floor.callBack(workerIndex)
    floor.place({ origin: host, name: 'first of the callback' })
    const any = floor.place({ origin: host, name: 'second of the callback' })
    const own = floor.place({ workerIndex, origin: host, name: 'own' })
    host.answer(callback) // the callback has not waited for them
    floor.finish(workerIndex)
    if (!host.idle) floor.finish(workerIndex)
    expect(floor.where(any, own)).toEqual([undefined, workerIndex])
  })

  it('a retiring worker takes only calls that name it', () => {
    const floor = new Floor(2)
    const retiring = floor.worker(1)
    retiring.retiring = true
    const calls = [floor.place(), floor.place(), floor.place({ workerIndex: 1 })]
    expect(floor.where(...calls)).toEqual([0, undefined, 1])
    floor.finish(1)
    expect(floor.where(...calls)).toEqual([undefined, undefined, undefined].with(0, 0 as never))
    expect(retiring.idle).toBe(true)
  })

  it('no short call is sent along to a retiring worker', () => {
    const floor = new Floor(1)
    const key = floor.short('short')
    floor.place({ key })
    floor.worker(0).retiring = true
    expect(floor.where(floor.place({ key }))).toEqual([undefined])
    floor.finish(0, 10)
    expect(floor.worker(0).idle).toBe(true)
  })

  it('a worker that waits for a callback takes the calls that the callback made, and no others', () => {
    const floor = new Floor(1)
    const host = floor.worker(0)
    floor.place()
    floor.callBack(0)
    const [other, pinned, nested] = [
      floor.place(),
      floor.place({ workerIndex: 0 }),
      floor.place({ origin: host }),
    ]
    expect(floor.where(other, pinned, nested)).toEqual([undefined, undefined, 0])
  })

  it('a worker that waits for a callback takes the calls of the callback one after the other, the urgent ones first, at any depth', () => {
    const floor = new Floor(1)
    const host = floor.worker(0)
    const running = () => (host.inFlight.running as FakeCall | undefined)?.name
    floor.place({ name: 'outer' })
    const outer = floor.callBack(0)
    for (const name of ['nested 1', 'nested 2', 'nested 3']) floor.place({ origin: host, name })
    floor.place({ origin: host, name: 'urgent', priority: 1 })
    expect([running(), floor.dispatcher.queued]).toEqual(['nested 1', 3])
    floor.finish(0)
    expect([running(), floor.dispatcher.queued]).toEqual(['urgent', 2])
    const inner = floor.callBack(0)
    expect([running(), floor.dispatcher.queued]).toEqual(['nested 2', 1])
    host.answer(inner)
    expect(running()).toBe('nested 2') // the answer lies behind it
    floor.finish(0)
    expect([running(), host.waits]).toEqual(['urgent', false])
    floor.finish(0)
    expect(running()).toBe('nested 3')
    floor.finish(0)
    expect([running(), host.waits]).toEqual(['outer', true])
    host.answer(outer)
    expect(floor.drain(0)).toEqual(['outer'])
  })

  it('a call of a callback goes to an idle worker rather than to the one that waits', () => {
    const floor = new Floor(2)
    floor.place({ workerIndex: 0 })
    floor.callBack(0)
    expect(floor.where(floor.place({ origin: floor.worker(0) }))).toEqual([1])
  })

  it('a call of a callback that names another worker may run within a callback of that one', () => {
    const floor = new Floor(2)
    for (const workerIndex of [0, 1]) {
      floor.place({ workerIndex })
      floor.callBack(workerIndex)
    }
    const call = floor.place({ workerIndex: 1, origin: floor.worker(0) })
    expect(floor.where(call)).toEqual([1])
  })

  it('a call of a callback that waits is taken by whoever is free', () => {
    const floor = new Floor(2)
    const host = floor.worker(0)
    for (const workerIndex of [0, 1]) floor.place({ workerIndex })
    floor.callBack(0)
    const calls = [floor.place({ origin: host }), floor.place({ origin: host })]
    expect(floor.where(...calls)).toEqual([0, undefined])
    floor.finish(1)
    expect(floor.where(...calls)).toEqual([0, 1])
  })

  it('a call of a callback is taken by whoever is free, also behind a call that only its own worker can take', () => {
    const floor = new Floor(3)
    const [host, other] = [floor.worker(0), floor.worker(1)]
    for (const workerIndex of [0, 1, 2]) floor.place({ workerIndex })
    floor.callBack(0)
    floor.callBack(1)
    floor.place({ origin: host, name: 'runs in the callback of 0' })
    const pinned = floor.place({ workerIndex: 0, origin: other })
    const nested = floor.place({ origin: host })
    expect(floor.where(pinned, nested)).toEqual([undefined, undefined])
    floor.finish(2)
    expect(floor.where(pinned, nested)).toEqual([undefined, 2])
  })

  it('a call of a callback has its turn among the calls for any worker', () => {
    const floor = new Floor(2)
    for (const workerIndex of [0, 1]) floor.place({ workerIndex })
    floor.place({ origin: floor.worker(0), name: 'of a coroutine' })
    for (let i = 0; i < 3; i++) floor.place({ name: `later ${i}` })
    floor.finish(1)
    expect(floor.worker(1).has.map((call) => call.name)).toEqual(['of a coroutine'])
  })

  it('a call of a callback comes before the calls for any worker where its priority is higher', () => {
    const floor = new Floor(2)
    for (const workerIndex of [0, 1]) floor.place({ workerIndex })
    floor.place({ name: 'earlier' })
    floor.place({ origin: floor.worker(0), priority: 1, name: 'urgent' })
    floor.finish(1)
    expect(floor.worker(1).has.map((call) => call.name)).toEqual(['urgent'])
  })

  it('of several callbacks, the call that has waited longest comes first', () => {
    const floor = new Floor(3)
    for (const workerIndex of [0, 1, 2]) floor.place({ workerIndex })
    floor.place({ origin: floor.worker(1), name: 'earlier' })
    floor.place({ origin: floor.worker(0), name: 'later' })
    floor.finish(2)
    expect(floor.worker(2).has.map((call) => call.name)).toEqual(['earlier'])
  })
})

describe('calls that come back', () => {
  it('calls that come back have their turn as if they had waited', () => {
    const floor = new Floor(1)
    floor.place({ name: 'first' })
    const back = floor.calls.make({ name: 'back' })
    floor.place({ name: 'later' })
    floor.dispatcher.replace(back)
    expect(floor.drain(0)).toEqual(['first', 'back', 'later'])
  })

  it('calls that come back go to an idle worker at once, in their order', () => {
    const floor = new Floor(1)
    const back = [floor.calls.make(), floor.calls.make({ workerIndex: 0 })]
    for (const call of back) floor.dispatcher.replace(call)
    expect(floor.waiting).toEqual([back[1]])
    expect(floor.drain(0)).toEqual(back.map((call) => call.name))
  })

  it('calls that come back are reported when nobody can take them', () => {
    const floor = new Floor(1)
    const back = floor.calls.make({ workerIndex: 2 })
    floor.dispatcher.replace(back)
    expect(floor.waiting).toEqual([back])
  })

  it('calls that come back go to the worker whose callback waits for them', () => {
    const floor = new Floor(1)
    floor.place()
    floor.callBack(0)
    const back = floor.calls.make({ origin: floor.worker(0) })
    floor.dispatcher.replace(back)
    expect(floor.where(back)).toEqual([0])
  })
})

describe('calls that wait', () => {
  it('calls that wait can be taken out of the queue', () => {
    const floor = new Floor(1)
    floor.place({ name: 'first' })
    const [a, b, c] = ['a', 'b', 'c'].map((name) => floor.place({ name })) as [
      FakeCall,
      FakeCall,
      FakeCall,
    ]
    expect(floor.dispatcher.remove(b)).toBe(true)
    expect(floor.dispatcher.remove(b)).toBe(false)
    expect(floor.dispatcher.queued).toBe(2)
    expect(floor.drain(0)).toEqual(['first', a.name, c.name])
    expect(floor.dispatcher.remove(a)).toBe(false)
  })

  it('`drained` is emitted exactly when the last call no longer waits', () => {
    const floor = new Floor(1)
    floor.place()
    expect(floor.drained).toBe(0)
    floor.finish(0)
    expect(floor.drained).toBe(0) // nothing had waited
    floor.place()
    const [one, two] = [floor.place(), floor.place()]
    floor.finish(0)
    expect([floor.where(one, two), floor.drained]).toEqual([[0, undefined], 0])
    floor.finish(0)
    expect([floor.where(two), floor.drained]).toEqual([[0], 1])
    floor.finish(0)
    expect(floor.drained).toBe(1)
    floor.place()
    floor.dispatcher.remove(floor.place())
    expect(floor.drained).toBe(2)
    floor.place()
    floor.dispatcher.clear(new Error('gone'))
    expect(floor.drained).toBe(3)
  })

  it('`drained` is emitted when a call that comes back goes to an idle worker', () => {
    const floor = new Floor(1)
    floor.dispatcher.replace(floor.calls.make())
    expect([floor.dispatcher.queued, floor.drained]).toEqual([0, 1])
  })

  it('calls know since when they wait, and calls that never waited do not', () => {
    const floor = new Floor(1)
    const first = floor.place()
    vi.advanceTimersByTime(7)
    const second = floor.place()
    expect([first.queuedAt, second.queuedAt]).toEqual([undefined, performance.now()])
    const since = second.queuedAt
    vi.advanceTimersByTime(7)
    floor.finish(0)
    floor.worker(0).finish()
    floor.dispatcher.replace(second)
    expect(second.queuedAt).toBe(since)
  })

  it('calls that wait are rejected, for one worker or all', () => {
    const floor = new Floor(1)
    floor.place()
    const calls = [
      floor.place(),
      floor.place({ workerIndex: 0 }),
      floor.place({ workerIndex: 3 }),
      floor.place({ origin: floor.worker(0) }),
    ]
    const error = new Error('no more')
    floor.dispatcher.clear(error, 3)
    expect(calls.map((call) => call.error)).toEqual([undefined, undefined, error, undefined])
    floor.dispatcher.clear(error)
    expect(calls.map((call) => call.error)).toEqual([error, error, error, error])
    expect(floor.dispatcher.queued).toBe(0)
  })

  it('calls that wait for one worker are rejected, also those that callbacks made', () => {
    const floor = new Floor(2)
    for (const workerIndex of [0, 1]) floor.place({ workerIndex })
    const call = floor.place({ workerIndex: 1, origin: floor.worker(0) })
    floor.dispatcher.clear(new Error('no more'), 1)
    expect(call.error).toBeInstanceOf(Error)
  })

  it('only calls that wait keep the process alive', () => {
    vi.useRealTimers()
    const alive = vi.spyOn(globalThis, 'setInterval')
    const floor = new Floor(1)
    const timer = alive.mock.results.at(-1)?.value as NodeJS.Timeout
    alive.mockRestore()
    expect(timer.hasRef()).toBe(false)
    floor.place()
    expect(timer.hasRef()).toBe(false)
    floor.place()
    expect(timer.hasRef()).toBe(true)
    floor.finish(0)
    expect(timer.hasRef()).toBe(false)
    floor.dispatcher.close()
  })

  it('calls that need the worker which leaves are rejected, the others wait for the next one', () => {
    const floor = new Floor(1)
    const worker = floor.worker(0)
    floor.place()
    const [plain, owned] = [floor.place({ workerIndex: 0 }), floor.place({ workerIndex: 0 })]
    const gone = new Error('its object is gone')
    const nested = floor.place({ origin: worker })
    worker.serving = false
    floor.dispatcher.leave(worker, (call) => (call === owned ? gone : undefined))
    expect([plain.error, owned.error, nested.error]).toEqual([undefined, gone, undefined])
    floor.add(0)
    expect(floor.drain(0)).toEqual([plain.name, nested.name])
  })

  it('a worker that leaves while it is idle is not kept, where no call takes just any worker', () => {
    const floor = new Floor(2)
    const worker = floor.worker(0)
    floor.place({ workerIndex: 0 })
    floor.finish(0)
    expect(worker.notes.listed).toBe(true)
    worker.serving = false
    floor.dispatcher.leave(worker, () => undefined)
    expect(worker.notes.listed).toBe(false)
  })
})

describe('hasIdle', () => {
  it('hasIdle says whether a call would be taken at once', async () => {
    const floor = new Floor(2)
    const { dispatcher } = floor
    const idle = () => [undefined, 0, 1, 2].map((workerIndex) => dispatcher.hasIdle(workerIndex))
    expect(idle()).toEqual([true, true, true, false])
    floor.place({ workerIndex: 0 })
    expect(idle()).toEqual([true, false, true, false])
    floor.worker(1).retiring = true
    expect(idle()).toEqual([false, false, true, false])
    floor.worker(1).serving = false
    expect(idle()).toEqual([false, false, false, false])
  })

  it('a leased worker is idle only for calls that name it', async () => {
    const floor = new Floor(1)
    const lease = floor.leases.request(floor.calls.next())
    floor.dispatcher.offer()
    await lease
    expect([floor.dispatcher.hasIdle(undefined), floor.dispatcher.hasIdle(0)]).toEqual([
      false,
      true,
    ])
    expect(floor.where(floor.place())).toEqual([undefined])
  })
})

/** What can happen on a floor, in any order; the numbers choose a worker, a call or a lease. */
type Step =
  | {
      readonly kind: 'place'
      readonly workerIndex: number | undefined
      readonly nested: boolean
      readonly priority: number
      readonly key: string | undefined
      readonly at: number
    }
  | { readonly kind: 'finish'; readonly at: number; readonly late: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | {
      readonly kind:
        | 'callBack'
        | 'answer'
        | 'remove'
        | 'lease'
        | 'giveBack'
        | 'retire'
        | 'stay'
        | 'die'
      readonly at: number
    }

const WORKERS = 3
/** What calls of each kind are expected to take. */
const TYPICAL_US: Readonly<Record<string, number>> = {
  a: 10,
  b: 10,
  tiny: 3,
  brief: 5_000,
  '': 10_000,
}
const numbers = fc.nat(20)

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant('place' as const),
      workerIndex: fc.option(fc.nat(WORKERS - 1), { nil: undefined, freq: 2 }),
      nested: fc.boolean(),
      priority: fc.constantFrom(0, 0, 0, 1, -1),
      key: fc.constantFrom('a', 'b', 'tiny', 'tiny', 'tiny', 'tiny', 'brief', 'brief', undefined),
      at: numbers,
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      kind: fc.constant('finish' as const),
      at: numbers,
      late: fc.constantFrom(1, 1, 1, 10, 3_000),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 5, 30) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('callBack' as const, 'answer' as const),
      at: numbers,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('remove' as const, 'lease' as const, 'giveBack' as const),
      at: numbers,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('retire' as const, 'stay' as const, 'die' as const),
      at: numbers,
    }),
  },
)

/**
 * A floor on which every call that is sent is compared with the rules, and whatever waits
 * afterwards.
 */
class Judge {
  readonly floor = new Floor(WORKERS)
  readonly made: FakeCall[] = []
  readonly leases: Lease[] = []
  /** How many requests for a lease have not been granted. */
  asking = 0
  along = 0
  standing = 0
  within = 0
  /** Whether a call was expected to be short when it was sent. */
  readonly #short = new Map<FakeCall, boolean>()
  /** Whether it was expected to be tiny. */
  readonly #tiny = new Map<FakeCall, boolean>()
  /** Whether it was expected to be brief. */
  readonly #brief = new Map<FakeCall, boolean>()
  gathered = 0
  #owesDrain = false
  #drained = 0

  constructor() {
    for (const key of ['a', 'b']) this.floor.short(key)
    this.floor.short('tiny', 3)
    this.floor.short('brief', 5_000)
    this.floor.watch = (call, worker) => this.#judge(call, worker)
  }

  get #living(): FakeWorker[] {
    return this.floor.dispatcher.workers.filter(
      (worker) => worker?.serving === true,
    ) as FakeWorker[]
  }

  #waiting(): FakeCall[] {
    return this.made.filter((call) => call.queue !== undefined)
  }

  #isReserved(worker: FakeWorker): boolean {
    return worker.retiring || this.floor.leases.has(worker)
  }

  /** Whether a worker that is idle may take it. */
  #mayTake(worker: FakeWorker, call: FakeCall): boolean {
    return (
      call.workerIndex === worker.index ||
      (call.workerIndex === undefined && !this.#isReserved(worker))
    )
  }

  /** Whether a worker that waits for a callback may take it. */
  #mayTakeWithin(worker: FakeWorker, call: FakeCall): boolean {
    return call.origin !== undefined && (call.workerIndex ?? call.origin.index) === worker.index
  }

  #judge(call: FakeCall, worker: FakeWorker): void {
    const rule = (holds: boolean, what: string) => {
      if (!holds) throw new Error(`${call.name} to worker ${worker.index}: ${what}`)
    }
    rule(worker.serving, 'it does not serve')
    const { profiles } = this.floor.dispatcher
    const isShort = profiles.pipelineDepth(call.key) > 1
    this.#short.set(call, isShort)
    this.#brief.set(call, profiles.expected(call.key) !== 'long')
    const room = profiles.batchDepth(call.key)
    this.#tiny.set(call, room > 0)
    const isFirst = (may: (other: FakeCall) => boolean) =>
      this.#waiting().every(
        (other) =>
          other === call ||
          !may(other) ||
          call.priority > other.priority ||
          (call.priority === other.priority && call.order < other.order),
      )
    if (worker.waits) {
      this.within++
      rule(this.#mayTakeWithin(worker, call), 'its callback did not make it')
      return rule(
        isFirst((other) => this.#mayTakeWithin(worker, other)),
        'another one of callbacks had its turn',
      )
    }
    rule(this.#mayTake(worker, call), 'it may not take it')
    rule(
      isFirst((other) => this.#mayTake(worker, other)),
      'another one had its turn',
    )
    if (worker.idle) return
    rule(!this.#isReserved(worker) && !worker.isWithinCallback, 'nothing goes along there')
    // What stood by may have become what runs: then it is judged anew.
    const hasOnly = (was: Map<FakeCall, boolean>, is: (other: FakeCall) => boolean) =>
      worker.has.every((other) => was.get(other) || (worker.depth === 1 && is(other)))
    const areShort =
      isShort && hasOnly(this.#short, (other) => profiles.pipelineDepth(other.key) > 1)
    if (!areShort) {
      this.standing++
      rule(
        profiles.expected(call.key) !== 'long' &&
          hasOnly(this.#brief, (other) => profiles.expected(other.key) !== 'long'),
        'not all are short, nor brief',
      )
      rule(worker.depth === 1, 'another one stands by')
      rule(call.workerIndex === undefined, 'it could not be taken by another worker')
      rule(this.asking === 0, 'a lease waits')
      return rule(
        !this.#living.some((other) => other.idle && this.#mayTake(other, call)),
        'another worker is idle',
      )
    }
    for (const other of worker.has) this.#short.set(other, true)
    this.along++
    rule(worker.depth < profiles.pipelineDepth(call.key), 'it has too many')
    if (!this.#living.some((other) => other.idle && this.#mayTake(other, call))) return
    this.gathered++
    rule(
      worker.depth < room && worker.has.every((other) => this.#tiny.get(other)),
      'another worker is idle',
    )
  }

  /** Looks at what waits when nothing more happens. */
  look(): void {
    const { dispatcher } = this.floor
    const waiting = this.#waiting()
    expect(dispatcher.queued).toBe(waiting.length)
    for (const worker of this.#living) {
      const could = waiting.find((call) =>
        worker.idle
          ? this.#mayTake(worker, call)
          : worker.waits && this.#mayTakeWithin(worker, call),
      )
      if (could !== undefined)
        throw new Error(`${could.name} waits, and worker ${worker.index} could take it`)
      if (this.asking > 0 && worker.idle && !this.#isReserved(worker))
        throw new Error('a lease waits, and a worker is idle')
      expect(dispatcher.hasIdle(worker.index)).toBe(worker.idle)
    }
    for (const worker of this.#living) {
      const standby =
        worker.depth === 2 && !worker.isWithinCallback ? worker.inFlight.behind[0] : undefined
      if (standby === undefined || this.#short.get(worker.inFlight.running as FakeCall)) continue
      const urgent = waiting.find(
        (call) => call.workerIndex === undefined && call.priority > standby.priority,
      )
      if (urgent !== undefined)
        throw new Error(`${urgent.name} waits behind one that stands by in worker ${worker.index}`)
      const idle = this.#living.find(
        (other) => other.idle && this.#mayTake(other, standby as FakeCall),
      )
      if (idle !== undefined && standby.workerIndex === undefined)
        throw new Error(`worker ${idle.index} could take what stands by`)
    }
    expect(dispatcher.hasIdle(undefined)).toBe(
      this.#living.some((worker) => worker.idle && !this.#isReserved(worker)),
    )
    const { drained } = this.floor
    if (this.#owesDrain && waiting.length === 0 && drained === this.#drained)
      throw new Error('`drained` was not told')
    this.#owesDrain = waiting.length > 0
    this.#drained = drained
  }

  async take(step: Step): Promise<void> {
    const { floor } = this
    if (step.kind === 'place') this.#place(step)
    else if (step.kind === 'pass') vi.advanceTimersByTime(step.ms)
    else if (step.kind === 'remove') {
      const call = this.#waiting()[step.at % Math.max(1, floor.dispatcher.queued)]
      if (call !== undefined) expect(floor.dispatcher.remove(call)).toBe(true)
    } else if (step.kind === 'lease') {
      this.asking++
      void floor.leases.request(floor.calls.next()).then((lease) => {
        this.asking--
        this.leases.push(lease)
      })
      floor.dispatcher.offer()
    } else if (step.kind === 'giveBack')
      this.leases.splice(step.at % Math.max(1, this.leases.length), 1)[0]?.giveBack()
    else this.#happen(step, floor.worker(step.at % WORKERS))
    await Promise.resolve()
    await Promise.resolve()
  }

  #place({ workerIndex, nested, priority, key, at }: Step & { kind: 'place' }): void {
    const { floor } = this
    const host = this.#living[at % WORKERS]
    const origin = nested && host?.isWithinCallback === true ? host : undefined
    const call = floor.calls.make({ workerIndex, priority, key, origin })
    this.made.push(call)
    floor.dispatcher.place(call)
  }

  #happen(step: Step, worker: FakeWorker): void {
    const { floor } = this
    const isRunning = !worker.idle && !worker.waits
    if (step.kind === 'finish' && isRunning)
      floor.finish(worker.index, (TYPICAL_US[worker.inFlight.running?.key ?? ''] ?? 0) * step.late)
    else if (step.kind === 'callBack' && isRunning) floor.callBack(worker.index)
    else if (step.kind === 'answer' && worker.callbacks.length > 0)
      worker.answer(worker.callbacks[step.at % worker.callbacks.length] as number)
    else if (step.kind === 'retire') worker.retiring = true
    else if (step.kind === 'stay' && worker.retiring) {
      worker.retiring = false
      floor.dispatcher.feed(worker)
    } else if (step.kind === 'die') this.#die(worker)
  }

  #die(worker: FakeWorker): void {
    const { dispatcher, leases } = this.floor
    const calls = worker.inFlight.clear() as FakeCall[]
    worker.serving = false
    dispatcher.workers[worker.index] = undefined
    dispatcher.leave(worker, () => undefined)
    leases.leave(worker)
    for (const call of calls) {
      call.worker = undefined
      if (call.origin === (worker as never)) call.origin = undefined
      dispatcher.replace(call)
    }
    this.floor.workers[worker.index] = this.floor.add(worker.index)
  }

  /** Lets everything come to its end. */
  async end(): Promise<void> {
    const { floor } = this
    for (let left = 2_000; left > 0; left--) {
      for (let workerIndex = 0; workerIndex < WORKERS; workerIndex++) {
        const worker = floor.worker(workerIndex)
        await this.take({ kind: 'giveBack', at: 0 })
        await this.take({ kind: 'stay', at: workerIndex })
        await this.take({ kind: worker.waits ? 'answer' : 'finish', at: workerIndex, late: 1 })
        this.look()
      }
      if (
        floor.dispatcher.queued + this.asking === 0 &&
        floor.workers.every((worker) => worker.idle)
      )
        return
    }
    throw new Error(`${floor.dispatcher.queued} calls and ${this.asking} leases wait for ever`)
  }
}

describe('whatever happens', () => {
  it('each call that is sent has its turn, and none waits that somebody could take', async () => {
    const seen = {
      calls: 0,
      along: 0,
      standing: 0,
      gathered: 0,
      within: 0,
      takenBack: 0,
      leases: 0,
      drained: 0,
    }
    const run = fc.asyncProperty(fc.array(steps, { maxLength: 100, size: 'max' }), async (plan) => {
      const judge = new Judge()
      for (const step of plan) {
        await judge.take(step)
        judge.look()
        if (step.kind === 'lease') seen.leases++
      }
      await judge.end()
      const { made, floor } = judge
      const removed = made.filter((call) => call.outcome === undefined)
      expect(removed.length).toBeLessThanOrEqual(
        plan.filter(({ kind }) => kind === 'remove').length,
      )
      seen.calls += made.length
      seen.along += judge.along
      seen.standing += judge.standing
      seen.gathered += judge.gathered
      seen.within += judge.within
      seen.takenBack += floor.takenBack.length
      seen.drained += floor.drained
      floor.dispatcher.close()
    })
    await fc.assert(run, { numRuns: 300 })
    for (const [what, count] of Object.entries(seen))
      expect([what, count > 20]).toEqual([what, true])
  })
})

describe('a long queue', () => {
  it('placing and taking a call costs the same behind hundreds of calls and behind thousands', () => {
    const looksPerCall = (length: number) => {
      const floor = new Floor(4)
      let looks = 0
      const made = Array.from({ length }, (_, i) => floor.calls.make({ priority: i % 3 }))
      for (const call of made) {
        for (const name of ['next', 'previous', 'priority', 'order'] as const) {
          let value: unknown = call[name]
          const get = () => {
            looks++
            return value
          }
          Object.defineProperty(call, name, { get, set: (to: unknown) => (value = to) })
        }
      }
      for (const call of made) floor.dispatcher.place(call)
      while (floor.workers.some((worker) => !worker.idle))
        for (const { index, idle } of floor.workers) if (!idle) floor.finish(index)
      expect(floor.dispatcher.queued).toBe(0)
      return looks / length
    }
    expect(looksPerCall(5_000)).toBeLessThan(looksPerCall(500) * 1.1)
  })
})

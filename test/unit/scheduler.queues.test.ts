/**
 * What dispatch is made of, against models that are too simple to be wrong: queues with priorities
 * against a list that is searched from end to end, the pace of calls against a list of what they
 * took, and a worker's books (Flight) against a thread that reads requests as Python's does.
 *
 * A failure of a property prints the shortest sequence of steps that leads to it. The last part
 * counts steps instead of measuring time: a queue that searches itself shows as a count that grows
 * with its length.
 */
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { CallProfiles } from '../../src/scheduler/call-profiles.ts'
import { type Linked, LinkedQueue } from '../../src/scheduler/linked-queue.ts'
import { Queues } from '../../src/scheduler/queues.ts'
import { InFlightCalls } from '../../src/worker/in-flight-calls.ts'
import { type CallOptions, Calls, type FakeCall, FakeWorker } from '../support/fake-calls.ts'

interface Item extends Linked<Item> {
  readonly order: number
}

describe('LinkedQueue', () => {
  const contents = (queue: LinkedQueue<Item>): number[] => {
    const forth: number[] = []
    let last: Item | undefined
    for (let item = queue.peek(); item !== undefined; item = item.next) {
      expect(item.previous).toBe(last)
      forth.push(item.order)
      last = item
    }
    return forth
  }

  it('is a list that knows both its ends, whatever is put in and taken out', () => {
    const step = fc.record({
      kind: fc.constantFrom('push', 'push', 'shift', 'remove', 'insert'),
      at: fc.nat(30),
    })
    const run = fc.property(fc.array(step, { maxLength: 60 }), (plan) => {
      const queue = new LinkedQueue<Item>()
      const model: Item[] = []
      const out: Item[] = []
      let order = 0
      for (const { kind, at } of plan) {
        if (kind === 'push') {
          const item = { order: order++, next: undefined, previous: undefined }
          queue.push(item)
          model.push(item)
        } else if (kind === 'shift') {
          const item = queue.shift()
          expect(item).toBe(model.shift())
          if (item !== undefined) out.push(item)
        } else if (kind === 'remove' && model.length > 0) {
          const [item] = model.splice(at % model.length, 1) as [Item]
          queue.remove(item)
          out.push(item)
        } else if (kind === 'insert' && out.length > 0) {
          const [item] = out.splice(at % out.length, 1) as [Item]
          queue.insert(item, (other) => item.order < other.order)
          model.push(item)
          model.sort((a, b) => a.order - b.order)
        }
        expect(contents(queue)).toEqual(model.map((item) => item.order))
        for (const item of out) expect([item.next, item.previous]).toEqual([undefined, undefined])
      }
    })
    fc.assert(run, { numRuns: 300 })
  })
})

const WORKERS = 3

/** The rules of {@link Queues}, by searching a list from end to end. */
class NaiveQueues {
  readonly calls: FakeCall[] = []

  /** Those that satisfy it, in the order of their turn. */
  #first(may: (call: FakeCall) => boolean): FakeCall | undefined {
    return this.calls
      .filter(may)
      .toSorted((a, b) => b.priority - a.priority || a.order - b.order)[0]
  }

  #take(call: FakeCall | undefined): FakeCall | undefined {
    if (call !== undefined) this.calls.splice(this.calls.indexOf(call), 1)
    return call
  }

  remove(call: FakeCall): boolean {
    return this.calls.includes(call) && this.#take(call) === call
  }

  isNext(call: { priority: number; order: number }, workerIndex: number): boolean {
    const first = this.#first(
      (other) => other.workerIndex === undefined || other.workerIndex === workerIndex,
    )
    return (
      first === undefined ||
      first.priority < call.priority ||
      (first.priority === call.priority && call.order < first.order)
    )
  }

  nextFor(workerIndex: number, leased: boolean): FakeCall | undefined {
    return this.#take(
      this.#first(
        (call) => call.workerIndex === workerIndex || (call.workerIndex === undefined && !leased),
      ),
    )
  }

  nextAlong(workerIndex: number, isShort: (call: FakeCall) => boolean): FakeCall | undefined {
    const first = this.#first(
      (call) => call.workerIndex === workerIndex || call.workerIndex === undefined,
    )
    return first !== undefined && isShort(first) ? this.#take(first) : undefined
  }

  nextWithin(workerIndex: number): FakeCall | undefined {
    return this.#take(
      this.#first(
        (call) =>
          call.origin !== undefined && (call.workerIndex ?? call.origin.index) === workerIndex,
      ),
    )
  }

  /** Answers the calls that are rejected. */
  leave(workerIndex: number, isDoomed: (call: FakeCall) => boolean): FakeCall[] {
    const gone = this.calls.filter((call) => {
      const isHere =
        call.origin === undefined
          ? call.workerIndex === workerIndex
          : (call.workerIndex ?? call.origin.index) === workerIndex
      if (isHere && isDoomed(call)) return true
      if (isHere && call.workerIndex === undefined) call.origin = undefined
      return false
    })
    for (const call of gone) this.#take(call)
    return gone
  }

  clear(workerIndex: number | undefined): FakeCall[] {
    const gone = this.calls.filter(
      (call) => workerIndex === undefined || call.workerIndex === workerIndex,
    )
    for (const call of gone) this.#take(call)
    return gone
  }
}

type QueueStep =
  | {
      readonly kind: 'push'
      readonly workerIndex: number | undefined
      readonly origin: number | undefined
      readonly priority: number
    }
  | { readonly kind: 'next'; readonly workerIndex: number; readonly leased: boolean }
  | { readonly kind: 'short' | 'within' | 'leave'; readonly workerIndex: number }
  | { readonly kind: 'remove' | 'again'; readonly at: number }
  | { readonly kind: 'clear'; readonly workerIndex: number | undefined }

const slots = fc.nat(WORKERS - 1)
const anySlot = fc.option(slots, { nil: undefined, freq: 2 })
const priorities = fc.constantFrom(0, 0, 0, 0, 1, -1, 2.5, 100)

function queueSteps(nested: boolean): fc.Arbitrary<QueueStep> {
  const push = fc.record({
    kind: fc.constant('push' as const),
    workerIndex: anySlot,
    origin: nested ? anySlot : fc.constant(undefined),
    priority: priorities,
  })
  return fc.oneof(
    { weight: 8, arbitrary: push },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('next' as const),
        workerIndex: slots,
        leased: fc.boolean(),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constantFrom('short' as const, 'within' as const),
        workerIndex: slots,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constantFrom('remove' as const, 'again' as const),
        at: fc.nat(50),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('leave' as const), workerIndex: slots }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('clear' as const), workerIndex: anySlot }),
    },
  )
}

function compareQueues(plan: readonly QueueStep[]): void {
  const calls = new Calls()
  const queues = new Queues()
  const model = new NaiveQueues()
  /** Calls that somebody took, and that may come back. */
  const taken: FakeCall[] = []
  const workers = Array.from({ length: WORKERS }, (_, workerIndex) => new FakeWorker(workerIndex))
  const error = new Error('cleared')

  const same = (real: unknown, call: FakeCall | undefined) => {
    expect((real as FakeCall | undefined)?.name).toBe(call?.name)
    if (call !== undefined) taken.push(call)
  }
  for (const step of plan) {
    switch (step.kind) {
      case 'push': {
        const { workerIndex, priority } = step
        const call = calls.make({
          workerIndex,
          priority,
          origin: step.origin === undefined ? undefined : workers[step.origin],
        })
        for (const { index } of workers)
          expect(queues.isNext(call, index)).toBe(model.isNext(call, index))
        queues.push(call)
        model.calls.push(call)
        break
      }
      case 'next':
        same(
          queues.nextFor(step.workerIndex, step.leased),
          model.nextFor(step.workerIndex, step.leased),
        )
        break
      case 'short': {
        const isShort = (call: { order: number }) => call.order % 3 !== 0
        same(
          queues.nextAlong(step.workerIndex, isShort),
          model.nextAlong(step.workerIndex, isShort),
        )
        break
      }
      case 'within':
        same(queues.nextWithin(step.workerIndex), model.nextWithin(step.workerIndex))
        break
      case 'remove': {
        const call = [...model.calls, ...taken][
          step.at % Math.max(1, model.calls.length + taken.length)
        ]
        if (call !== undefined) expect(queues.remove(call)).toBe(model.remove(call))
        break
      }
      case 'again': {
        const [call] = taken.splice(step.at % Math.max(1, taken.length), 1)
        if (call === undefined) break
        queues.push(call, true)
        model.calls.push(call)
        break
      }
      case 'leave': {
        const isDoomed = (call: { order: number }) => call.order % 4 === 0
        queues.leave(step.workerIndex, (call) => (isDoomed(call) ? error : undefined))
        const gone = model.leave(step.workerIndex, isDoomed)
        expect(gone.map((call) => call.error)).toEqual(gone.map(() => error))
        break
      }
      case 'clear': {
        queues.clear(error, step.workerIndex)
        const gone = model.clear(step.workerIndex)
        expect(gone.map((call) => call.error)).toEqual(gone.map(() => error))
      }
    }
    expect(queues.length).toBe(model.calls.length)
    expect(
      model.calls.filter((call) => call.outcome !== undefined || call.queue === undefined),
    ).toEqual([])
  }
}

describe('Queues', () => {
  it('calls for any worker and for certain ones: as a list that is searched from end to end', () => {
    fc.assert(fc.property(fc.array(queueSteps(false), { maxLength: 120 }), compareQueues), {
      numRuns: 300,
    })
  })

  it('calls that callbacks make: as a list that is searched from end to end', () => {
    fc.assert(fc.property(fc.array(queueSteps(true), { maxLength: 120 }), compareQueues), {
      numRuns: 300,
    })
  })
})

describe('CallProfiles', () => {
  const SHORT_US = 200
  const TRUSTED = 8

  it('a kind is trusted with several calls at once after eight short ones in a row, and none since that was longer', () => {
    const times = fc.array(
      fc.oneof(
        { weight: 30, arbitrary: fc.nat(SHORT_US) },
        { weight: 1, arbitrary: fc.nat(100_000) },
      ),
      {
        minLength: 1,
        maxLength: 60,
        size: 'max',
      },
    )
    let trusted = 0
    const run = fc.property(times, (list) => {
      const profiles = new CallProfiles()
      for (const [at, us] of list.entries()) {
        profiles.learn('key', us)
        const seen = list.slice(0, at + 1)
        const row = seen.length - 1 - seen.findLastIndex((time) => time > SHORT_US)
        const window = profiles.pipelineDepth('key')
        if (row < TRUSTED) expect(window).toBe(1)
        else trusted++
        expect(Number.isInteger(window) && window >= 1 && window <= 64).toBe(true)
      }
    })
    fc.assert(run, { numRuns: 300 })
    expect(trusted).toBeGreaterThan(200)
  })

  it('what stands behind a call takes no longer than a millisecond', () => {
    const run = fc.property(fc.integer({ min: 0, max: SHORT_US }), (us) => {
      const profiles = new CallProfiles()
      for (let i = 0; i < TRUSTED; i++) profiles.learn('key', us)
      const window = profiles.pipelineDepth('key')
      expect(window * us).toBeLessThanOrEqual(1_000)
      expect(window === 64 || (window + 1) * us > 1_000).toBe(true)
    })
    fc.assert(run)
  })

  it('a kind is its own; one without a name is never trusted', () => {
    const profiles = new CallProfiles()
    for (let i = 0; i < TRUSTED; i++) profiles.learn('a', 1)
    expect([
      profiles.pipelineDepth('a'),
      profiles.pipelineDepth('b'),
      profiles.pipelineDepth(undefined),
    ]).toEqual([64, 1, 1])
  })

  it('names that were used once do not push out what comes later for ever', () => {
    const profiles = new CallProfiles()
    for (let i = 0; i < 15_000; i++) profiles.learn(`used once ${i}`, 1)
    for (let i = 0; i < 100; i++) profiles.learn('used often', 1)
    expect(profiles.pipelineDepth('used often')).toBe(64)
  })
})

/**
 * A worker's thread as Python runs it (kernel: `MainChannel`): it reads what was sent one after the
 * other. While a call waits for a callback, it reads on: a request is run within, an answer ends
 * the wait that it is for, once that is the innermost.
 */
class Thread {
  /** What was sent and not read: calls, and numbers of callbacks that have an answer. */
  readonly #sent: (FakeCall | number)[] = []
  /** What the thread is in: calls, and callbacks that they wait for; the innermost last. */
  readonly #stack: (FakeCall | number)[] = []
  readonly #answers = new Set<number>()

  send(what: FakeCall | number): void {
    this.#sent.push(what)
    this.#read()
  }

  /** The innermost call calls back. */
  callBack(number: number): void {
    this.#stack.push(number)
    this.#read()
  }

  finish(): void {
    this.#stack.pop()
    this.#read()
  }

  /** Calls that were sent last are taken back. */
  takeBack(calls: readonly FakeCall[]): void {
    for (const call of calls) this.#sent.splice(this.#sent.indexOf(call), 1)
  }

  /** The call that it runs, or whose callback it waits for. */
  get running(): FakeCall | undefined {
    return this.#stack.findLast((entry) => typeof entry === 'object')
  }

  /** The callback that it waits for. */
  get callback(): number | undefined {
    const top = this.#stack.at(-1)
    return typeof top === 'number' ? top : undefined
  }

  get isIdle(): boolean {
    return this.#stack.length === 0
  }

  /** Those that it has not begun. */
  get behind(): FakeCall[] {
    return this.#sent.filter((entry) => typeof entry === 'object')
  }

  /** Callbacks without an answer. */
  get callbacks(): number[] {
    const answered = new Set([...this.#answers, ...this.#sent])
    return this.#stack.filter(
      (entry) => typeof entry === 'number' && !answered.has(entry),
    ) as number[]
  }

  #read(): void {
    for (;;) {
      const top = this.#stack.at(-1)
      if (typeof top === 'object') return
      if (typeof top === 'number' && this.#answers.delete(top)) this.#stack.pop()
      else if (this.#sent.length === 0) return
      else {
        const next = this.#sent.shift() as FakeCall | number
        if (typeof next === 'object') this.#stack.push(next)
        else this.#answers.add(next)
      }
    }
  }
}

describe('Flight', () => {
  type Kind = 'send' | 'along' | 'finish' | 'callBack' | 'answer' | 'takeBack'
  const step = (kinds: readonly Kind[]) =>
    fc.record({ kind: fc.constantFrom(...kinds), at: fc.nat(10) })

  /**
   * Does the same to both, where a pool would. `strict`: callbacks are answered only when nothing
   * runs within.
   */
  function compareFlight(plan: readonly { kind: Kind; at: number }[], strict: boolean): void {
    const [calls, inFlight, thread] = [new Calls(), new InFlightCalls(), new Thread()]
    let callback = 0
    for (const { kind, at } of plan) {
      const { running } = thread
      if (kind === 'send' || kind === 'along') {
        if (kind === 'send' && !thread.isIdle && thread.callback === undefined) continue
        // as the dispatcher has it
        if (kind === 'along' && (thread.isIdle || inFlight.isWithinCallback)) continue
        const call = calls.make()
        inFlight.add(call)
        thread.send(call)
      } else if (kind === 'finish') {
        if (running === undefined || thread.callback !== undefined) continue
        inFlight.settle(running)
        inFlight.threadReleased(running)
        thread.finish()
      } else if (kind === 'callBack') {
        if (running === undefined || thread.callback !== undefined) continue
        inFlight.callbackBegan(++callback)
        thread.callBack(callback)
      } else if (kind === 'answer') {
        const open = thread.callbacks
        const number = strict ? thread.callback : open[at % Math.max(1, open.length)]
        if (number === undefined) continue
        expect(inFlight.callbackReturned(number)).toBe(true)
        expect(inFlight.callbackReturned(number)).toBe(false)
        thread.send(number)
      } else {
        const { behind } = inFlight
        // What is said to stand behind has not begun, or taking it back would lose it.
        expect(thread.behind.map((call) => call.name)).toEqual(
          expect.arrayContaining(behind.map((call) => (call as FakeCall).name)),
        )
        for (const call of behind) {
          inFlight.settle(call)
          inFlight.threadReleased(call)
        }
        thread.takeBack(behind as FakeCall[])
      }
      expect((inFlight.running as FakeCall | undefined)?.name).toBe(thread.running?.name)
      expect(inFlight.callback).toBe(thread.callback)
      expect(inFlight.isIdle).toBe(thread.isIdle)
    }
  }

  it('calls one after the other: as the thread runs them', () => {
    const run = fc.property(
      fc.array(step(['send', 'along', 'along', 'finish', 'takeBack']), { maxLength: 60 }),
      (plan) => compareFlight(plan, true),
    )
    fc.assert(run, { numRuns: 300 })
  })

  it('calls within callbacks, each answered when nothing runs within', () => {
    const run = fc.property(
      fc.array(step(['send', 'finish', 'callBack', 'answer']), { maxLength: 60 }),
      (plan) => compareFlight(plan, true),
    )
    fc.assert(run, { numRuns: 300 })
  })

  it('a callback is answered while a call that it made and did not wait for runs', () => {
    const run = fc.property(
      fc.array(step(['send', 'finish', 'callBack', 'answer']), { maxLength: 60 }),
      (plan) => compareFlight(plan, false),
    )
    fc.assert(run, { numRuns: 300 })
  })

  it('a call that others stand behind calls back: they run within', () => {
    const kinds: Kind[] = ['send', 'along', 'finish', 'callBack', 'answer', 'takeBack']
    const run = fc.property(fc.array(step(kinds), { maxLength: 60 }), (plan) =>
      compareFlight(plan, false),
    )
    fc.assert(run, { numRuns: 300 })
  })

  it('gives each call an id of its own, which is not 0', () => {
    const [calls, inFlight] = [new Calls(), new InFlightCalls()]
    const made = Array.from({ length: 100 }, () => calls.make())
    for (const call of made) inFlight.add(call)
    expect(new Set(made.map(({ id }) => id)).size).toBe(100)
    expect(made.every((call) => call.id > 0 && inFlight.get(call.id) === call)).toBe(true)
    expect(inFlight.clear()).toEqual(made)
    expect([inFlight.isIdle, inFlight.depth, [...inFlight.tasks]]).toEqual([true, 0, []])
  })

  it('knows since when the call runs that others stand behind', () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    try {
      const [calls, inFlight] = [new Calls(), new InFlightCalls()]
      const [one, two, three] = [calls.make(), calls.make(), calls.make()]
      const at = (ms: number) => {
        vi.advanceTimersByTime(ms)
        return performance.now()
      }
      inFlight.add(one)
      const second = at(5)
      inFlight.add(two)
      at(5)
      inFlight.add(three)
      expect(inFlight.since).toBe(second)
      const left = at(5)
      inFlight.settle(one)
      inFlight.threadReleased(one)
      expect([inFlight.since, inFlight.running]).toEqual([left, two])
    } finally {
      vi.useRealTimers()
    }
  })

  it('a coroutine has left the thread and has no reply', () => {
    const [calls, inFlight] = [new Calls(), new InFlightCalls()]
    const call = calls.make()
    inFlight.add(call)
    inFlight.threadReleased(call)
    expect([inFlight.isIdle, inFlight.running, inFlight.get(call.id), [...inFlight.tasks]]).toEqual(
      [true, undefined, call, [call]],
    )
    inFlight.settle(call)
    expect(inFlight.get(call.id)).toBeUndefined()
  })
})

describe('a long queue', () => {
  /** Counts how often a neighbour, the order or the priority of any of these calls is looked at. */
  function counted(calls: readonly FakeCall[]): { count: number } {
    const counter = { count: 0 }
    for (const call of calls) {
      for (const name of [
        'next',
        'previous',
        'order',
        'priority',
        'workerIndex',
        'origin',
        'queue',
      ] as const) {
        let value: unknown = call[name]
        Object.defineProperty(call, name, {
          get: () => {
            counter.count++
            return value
          },
          set: (to: unknown) => {
            counter.count++
            value = to
          },
        })
      }
    }
    return counter
  }

  /** The most looks at calls that each kind of step costs in a queue of this length. */
  function costs(
    length: number,
    optionsOf: (i: number) => CallOptions = () => ({}),
  ): Record<string, number> {
    const calls = new Calls()
    const queues = new Queues()
    const list = Array.from({ length }, (_, i) => calls.make(optionsOf(i)))
    const counter = counted(list)
    const most: Record<string, number> = {}
    const cost = (what: string, step: () => unknown) => {
      const before = counter.count
      const result = step()
      most[what] = Math.max(most[what] ?? 0, counter.count - before)
      return result
    }
    for (const call of list) cost('push', () => queues.push(call))
    for (let i = 0; i < length; i += 7) cost('remove', () => queues.remove(list[i] as FakeCall))
    for (let i = 0; i < 10; i++) {
      const back = Array.from({ length: 10 }, () => queues.nextFor(0, false)) as FakeCall[]
      for (const [at, call] of back.entries())
        cost(`take back ${at}`, () => queues.push(call, true))
    }
    while (queues.length > 0) cost('next', () => queues.nextFor(0, false))
    return most
  }

  const few = 500
  const many = 5_000

  it('costs as much a step as a short one', () => {
    expect(costs(many)).toEqual(costs(few))
  })

  it('costs as much a step as a short one, also with priorities, named workers and callbacks', () => {
    const worker = new FakeWorker(0)
    const options = (i: number): CallOptions => ({
      priority: i % 5,
      workerIndex: i % 3 === 0 ? 0 : undefined,
      origin: i % 11 === 0 ? worker : undefined,
    })
    expect(costs(many, options)).toEqual(costs(few, options))
  })
})

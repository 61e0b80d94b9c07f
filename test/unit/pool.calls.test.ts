/**
 * What a pool promises for plain calls, whatever its workers are: some behind sockets with a status
 * page, and some that have neither (test/support/memory-link.ts). A worker of another kind, such
 * as one of a cluster, has to pass the same.
 */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DEFAULT_CALL } from '../../src/options/index.ts'
import { mapItems } from '../../src/pool/index.ts'
import type { PoolOptions } from '../../src/pool/options.ts'
import { KIND } from '../../src/wire/index.ts'
import { type ControlledWorker, settle } from '../support/controlled.ts'
import { FakePool, type MakeSource, socketSource, type Traits } from '../support/fake-python.ts'
import { type ControlledLink, MemoryWorkers } from '../support/memory-workers.ts'

const SOURCES: readonly [string, MakeSource<ControlledWorker>][] = [
  ['sockets', socketSource],
  ['memory', (...parts) => new MemoryWorkers(...parts)],
  ['memory, one call at a time', (...parts) => new MemoryWorkers(...parts, { takingBack: false })],
]

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

const ONE = { size: { min: 1, max: 1, idleMs: 1_000 } }

describe.each(SOURCES)('a pool whose workers are behind %s', (name, source) => {
  const start = (options: Partial<PoolOptions> & Partial<Traits> = {}) =>
    new FakePool<ControlledWorker>(options, source).start()
  const outcomes = (calls: readonly { outcome: unknown }[]) => calls.map(({ outcome }) => outcome)
  const states = ({ pool }: FakePool<ControlledWorker>) =>
    pool.stats().workers.map(({ state }) => state)

  it('gives each call to an idle worker, and lets the next one wait', async () => {
    await using fake = await start()
    const calls = [await fake.call(), await fake.call(), await fake.call()]
    const { running, queued } = fake.pool.stats()
    expect([running, queued, states(fake)]).toEqual([2, 1, ['busy', 'busy']])
    await fake.python(1).finish()
    await fake.python(1).finish()
    expect(outcomes(calls).toSorted()).toEqual(['done', 'done', undefined])
    await fake.python(0).finish()
    expect([outcomes(calls), states(fake)]).toEqual([
      ['done', 'done', 'done'],
      ['idle', 'idle'],
    ])
    expect(fake.pool.stats()).toMatchObject({ calls: 3, errors: 0, running: 0, queued: 0 })
  })

  it('takes calls in the order in which they were made, those of a higher priority first', async () => {
    await using fake = await start(ONE)
    const done: string[] = []
    const make = async (what: string, priority: number) =>
      void fake.pool
        .submit(KIND.CALL, (encoder) => encoder.value(null, 'nothing'), {
          ...DEFAULT_CALL,
          priority,
        })
        .then(() => done.push(what))
    for (const [what, priority] of [
      ['a', 0],
      ['b', 0],
      ['c', 5],
      ['d', 0],
      ['e', 5],
    ] as const)
      await make(what, priority)
    await settle()
    await fake.python(0).drain()
    expect(done).toEqual(['a', 'c', 'e', 'b', 'd'])
  })

  it('lets a call wait for the worker that it names', async () => {
    await using fake = await start()
    const [first, second] = [
      await fake.call({ workerIndex: 1 }),
      await fake.call({ workerIndex: 1 }),
    ]
    await fake.python(1).finish()
    expect([first.outcome, second.outcome, fake.python(0).running]).toEqual([
      'done',
      undefined,
      undefined,
    ])
    await fake.python(1).finish()
    expect(second.outcome).toBe('done')
  })

  it('refuses a call when its queue is full, and takes one when there is room', async () => {
    await using fake = await start({ ...ONE, maxQueue: 1 })
    const calls = [await fake.call(), await fake.call(), await fake.call()]
    expect(calls[2]?.outcome).toBe('ERR_PYTHREADS_QUEUE_FULL')
    await fake.python(0).finish()
    const after = await fake.call()
    await fake.python(0).drain()
    expect(outcomes([...calls, after])).toEqual([
      'done',
      'done',
      'ERR_PYTHREADS_QUEUE_FULL',
      'done',
    ])
  })

  it('gives up a call that waits or runs for too long', async () => {
    await using fake = await start({ ...ONE, graceMs: 1_000 })
    const running = await fake.call({ timeoutMs: 50 })
    const waiting = await fake.call({ queueTimeoutMs: 20 })
    await pass(30)
    expect(outcomes([running, waiting])).toEqual([undefined, 'ERR_PYTHREADS_QUEUE_TIMEOUT'])
    await pass(100)
    const [id] = fake.python(0).begun
    expect([running.outcome, fake.python(0).cancelled.includes(id as number)]).toEqual([
      'ERR_PYTHREADS_TIMEOUT',
      true,
    ])
    const after = await fake.call()
    expect(after.outcome).toBe(undefined)
    await fake.python(0).drain()
    expect(after.outcome).toBe('done')
  })

  it('never begins a call that was aborted while it waited', async () => {
    await using fake = await start(ONE)
    const controller = new AbortController()
    await fake.call()
    const waiting = await fake.call({ signal: controller.signal })
    controller.abort()
    await settle()
    await fake.python(0).drain()
    expect([waiting.outcome, fake.python(0).begun]).toEqual(['ERR_PYTHREADS_ABORTED', [1]])
  })

  it('ends a worker that does not leave a cancelled call alone, and starts another one', async () => {
    await using fake = await start(ONE)
    const call = await fake.call({ timeoutMs: 10 })
    await pass(1_000)
    expect(call.outcome).toBe('ERR_PYTHREADS_TIMEOUT')
    expect([fake.python(0).lives, fake.python(1).lives, states(fake)]).toEqual([
      false,
      true,
      ['idle'],
    ])
  })

  it('replaces a worker that cannot be ended, and says that it is wedged until it comes back', async () => {
    await using fake = await start({ ...ONE, isKillable: false, maxWedged: 1 })
    await fake.call({ timeoutMs: 10 })
    await pass(1_000)
    expect([fake.pool.stats().wedged, states(fake)]).toEqual([1, ['idle']])
    await fake.python(0).finish()
    await pass(100)
    expect([fake.pool.stats().wedged, fake.python(0).lives]).toEqual([0, false])
  })

  it('loses the call that a worker had begun when it died, unless the call may be repeated', async () => {
    await using fake = await start(ONE)
    const [lost, waiting] = [await fake.call(), await fake.call()]
    fake.python(0).die()
    await pass(60)
    expect(outcomes([lost, waiting])).toEqual(['ERR_PYTHREADS_WORKER_DIED', undefined])
    await fake.python(1).drain()
    const repeated = await fake.call({ retry: 1 })
    fake.python(1).die()
    await pass(60)
    await fake.python(2).drain()
    expect(outcomes([waiting, repeated])).toEqual(['done', 'done'])
    expect(fake.pool.stats()).toMatchObject({ replaced: 2, running: 0, queued: 0 })
  })

  it('starts a worker again when one did not start', async () => {
    await using fake = await start(ONE)
    fake.launch = () => Promise.reject(new Error('it does not start'))
    fake.python(0).die()
    await pass(60)
    expect(states(fake)).toEqual(['down'])
    fake.launch = () => Promise.resolve()
    await pass(10_000)
    expect(states(fake)).toEqual(['idle'])
  })

  it('grows when calls wait, and shrinks when workers are idle', async () => {
    await using fake = await start({ size: { min: 1, max: 3, idleMs: 100 } })
    const calls = [await fake.call(), await fake.call(), await fake.call(), await fake.call()]
    expect([states(fake), fake.pool.stats().queued]).toEqual([['busy', 'busy', 'busy'], 1])
    for (const python of fake.pythons) await python.drain()
    await pass(5_000)
    expect(outcomes(calls)).toEqual(['done', 'done', 'done', 'done'])
    expect(fake.pythons.filter(({ lives }) => lives)).toHaveLength(1)
  })

  it('that is made smaller waits for the calls of the workers that are too many', async () => {
    await using fake = await start()
    const calls = [await fake.call(), await fake.call()]
    await fake.pool.resize({ min: 1, max: 1, idleMs: 1_000 })
    expect(fake.python(1).lives).toBe(true)
    for (const python of fake.pythons) await python.drain()
    await pass(100)
    expect([outcomes(calls), fake.python(1).lives]).toEqual([['done', 'done'], false])
    await fake.pool.resize({ min: 2, max: 2, idleMs: 1_000 })
    expect(states(fake)).toEqual(['idle', 'idle'])
  })

  it('replaces a worker that has had as many calls as it may have', async () => {
    await using fake = await start({ ...ONE, recycle: { calls: 2, ageMs: null, memoryMb: null } })
    for (let i = 0; i < 3; i++) {
      await fake.call()
      await pass(0)
      await fake.pythons.at(-1)?.drain()
      await pass(10)
    }
    expect([fake.pythons.length, fake.pool.stats().recycled, fake.pool.stats().calls]).toEqual([
      2, 1, 3,
    ])
  })

  it('broadcasts to each worker, and to those that come later before they take calls', async () => {
    await using fake = await start()
    let isDone = false
    const all = fake.pool
      .broadcast(KIND.EXEC, (encoder) => encoder.value(null, 'nothing'))
      .then(() => {
        isDone = true
      })
    await settle()
    await fake.python(0).finish()
    expect(isDone).toBe(false)
    await fake.python(1).finish()
    await all
    fake.python(1).die()
    await pass(60)
    const call = await fake.call({ workerIndex: 1 })
    const later = fake.python(2)
    expect([later.begun, call.outcome, fake.pool.stats().queued]).toEqual([[1], undefined, 1])
    await later.finish()
    expect(later.begun).toEqual([1, 2])
    await later.finish()
    expect(call.outcome).toBe('done')
  })

  it('gives a worker to a session alone until the session is over', async () => {
    await using fake = await start(ONE)
    const lease = await fake.pool.lease()
    const [own, other] = [await fake.call({ lease }), await fake.call()]
    await fake.python(0).drain()
    expect(outcomes([own, other])).toEqual(['done', undefined])
    lease.giveBack()
    await settle()
    await fake.python(0).drain()
    expect(other.outcome).toBe('done')
  })

  it('that is closed waits for the calls that were made, and takes no more', async () => {
    await using fake = await start(ONE)
    const calls = [await fake.call(), await fake.call()]
    const closed = fake.pool.close()
    const late = await fake.call()
    await fake.python(0).drain()
    await pass(100)
    await closed
    expect(outcomes([...calls, late])).toEqual(['done', 'done', 'ERR_PYTHREADS_CLOSED'])
    expect(fake.pythons.some(({ lives }) => lives)).toBe(false)
  })

  it('that is destroyed rejects the calls that were made, and ends its workers', async () => {
    await using fake = await start(ONE)
    const calls = [await fake.call(), await fake.call()]
    fake.pool.destroy(new Error('enough'))
    await pass(100)
    await fake.pool.close()
    const destroyed = 'ERR_PYTHREADS_DESTROYED'
    expect(outcomes([...calls, await fake.call()])).toEqual([
      destroyed,
      destroyed,
      'ERR_PYTHREADS_CLOSED',
    ])
    expect(fake.pythons.some(({ lives }) => lives)).toBe(false)
  })

  it('maps over two chunks a worker at a time, and ends the rest when the map is left', async () => {
    await using fake = await start(ONE)
    let pulled = 0
    function* items() {
      for (;;) yield pulled++
    }
    const plan = {
      target: 'module:function',
      kwargs: {},
      chunk: 2,
      ordered: true,
      call: DEFAULT_CALL,
    }
    const none = { onProgress: undefined, total: undefined, signal: undefined, timeoutMs: null }
    const results = mapItems(fake.pool, { ...plan, ...none }, items())
    const first = results.next().catch((error: { code?: unknown }) => error.code)
    await settle()
    expect([pulled, fake.pool.stats().running, fake.pool.stats().queued]).toEqual([4, 1, 1])
    // a worker without Python returns null, which is no chunk
    await fake.python(0).finish()
    expect(await first).toBe('ERR_PYTHREADS_PROTOCOL')
    await fake.python(0).drain()
    expect(fake.pool.stats()).toMatchObject({ running: 0, queued: 0 })
  })

  it(`${name.endsWith('time') ? 'keeps short calls in its queue' : 'sends short calls along'} when all workers are busy with such`, async () => {
    await using fake = await start(ONE)
    for (let i = 0; i < 8; i++) {
      await fake.call({ key: 'short' })
      await fake.python(0).finish(10)
    }
    const calls = [await fake.call({ key: 'short' }), await fake.call({ key: 'short' })]
    expect(fake.pool.stats().queued).toBe(name.endsWith('time') ? 1 : 0)
    await pass(20) // the first one is long: what stands behind it waits in the queue again
    expect(fake.pool.stats().queued).toBe(1)
    await fake.python(0).drain()
    expect(outcomes(calls)).toEqual(['done', 'done'])
  })
})

describe('what workers cannot carry', () => {
  const memory =
    (capabilities: object): MakeSource<ControlledWorker> =>
    (...parts) =>
      new MemoryWorkers(...parts, capabilities)

  it('is refused where it is a function or an iterable in a call', async () => {
    await using fake = await new FakePool(ONE, memory({})).start()
    for (const value of [() => 1, [() => 1], { of: new Set([1]).values() }]) {
      const call = fake.pool.submit(KIND.CALL, (encoder) => encoder.value(value, 'argument'))
      await expect(call).rejects.toMatchObject({
        code: 'ERR_PYTHREADS_VALUE',
        message: expect.stringMatching(/`callbacks`.*memory/),
      })
    }
    expect(fake.pool.stats()).toMatchObject({ callbacks: 0, calls: 0 })
  })

  it('is refused where it is a session', async () => {
    await using fake = await new FakePool(ONE, memory({ sessions: false })).start()
    await expect(fake.pool.lease()).rejects.toMatchObject({
      code: 'ERR_PYTHREADS_ISOLATION_UNAVAILABLE',
      message: expect.stringMatching(/`sessions`.*memory/),
    })
  })

  it.each([
    ['output', { onLine: () => {} }],
    ['warnings', { listeners: { onWarning: () => {}, onLog: undefined } }],
    ['logging', { listeners: { onWarning: undefined, onLog: () => {} } }],
  ])('is refused where a listener is for %s', (_, options) => {
    expect(() => new FakePool({ ...ONE, ...options }, memory({}))).toThrow(
      expect.objectContaining({
        code: 'ERR_PYTHREADS_ISOLATION_UNAVAILABLE',
        message: expect.stringMatching(/`output`.*memory/),
      }),
    )
  })

  it('is refused where it is an object that stays in Python', async () => {
    await using fake = await new FakePool(ONE, memory({})).start()
    const [link] = fake.pythons as unknown as ControlledLink[]
    expect(() => link?.host.object(1, 'dict object', 0)).toThrow(
      expect.objectContaining({
        code: 'ERR_PYTHREADS_VALUE',
        message: expect.stringMatching(/`objects`.*memory/),
      }),
    )
  })
})

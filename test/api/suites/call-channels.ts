import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, describe, expect, it } from 'vitest'
import type { Python } from '../../../src/index.ts'
import { deferred } from '../../support/deferred.ts'
import { refusal } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'
import { scaled } from '../../support/scale.ts'
import { SOON_MS } from '../../support/workers.ts'

const FUNCTIONS = file('functions.py').pathname
const APPLY = `${FUNCTIONS}:apply`
const IDENTITY = `${file('calls.py').pathname}:identity`

interface Message {
  readonly is: 'start' | 'end'
  readonly pool: Python
  readonly id: number
  readonly target: string | undefined
  readonly outcome?: string
  readonly threadMs?: number
  readonly error?: unknown
}

/** The channels of calls: one end for each beginning. */
export function callChannelSuite(place: Placement): void {
  describe('the channels of calls', () => {
    const stops: (() => void)[] = []
    afterEach(() => {
      for (const stop of stops.splice(0)) stop()
    })

    function published(which: readonly ('start' | 'end')[] = ['start', 'end']): Message[] {
      const messages: Message[] = []
      for (const is of which) {
        const listen = (message: unknown) =>
          void messages.push({ is, ...(message as Omit<Message, 'is'>) })
        subscribe(`pythreads:call:${is}`, listen)
        stops.push(() => unsubscribe(`pythreads:call:${is}`, listen))
      }
      return messages
    }

    const ends = (messages: readonly Message[]) =>
      messages.filter(({ is }) => is === 'end').map(({ target, outcome }) => [target, outcome])
    /** The ids of the calls that began, and of those that ended. */
    const ids = (messages: readonly Message[]) =>
      (['start', 'end'] as const).map((which) =>
        messages
          .flatMap(({ is, id }) => (is === which ? [id] : []))
          .sort((one, other) => one - other),
      )

    it('say how each call ended', async () => {
      const messages = published()
      await using py = await start(place, { workers: 1 })
      await Promise.allSettled([
        py.run(IDENTITY, [1]),
        py.run('json:loads', ['{']),
        py.run('asyncio:sleep', [0]),
        py.eval('object.nothing'),
        py.run('builtins:eval', ['{chr(0xD800): 1, "\\ud800": 2}']),
      ])
      const outcomes = ends(messages)
      expect(outcomes).toContainEqual([IDENTITY, 'fulfilled'])
      expect(outcomes).toContainEqual(['json:loads', 'rejected'])
      expect(outcomes).toContainEqual(['asyncio:sleep', 'fulfilled'])
      expect(outcomes).toContainEqual(['object.nothing', 'rejected'])
      const [started, ended] = ids(messages)
      expect(ended).toEqual(started)
      expect(new Set(started).size).toBe(5)
      for (const { is, target, threadMs } of messages) {
        // The result of a coroutine may come before its thread has said how long it had the call.
        if (is === 'end' && target !== 'asyncio:sleep') expect(threadMs).toBeGreaterThanOrEqual(0)
      }
    })

    it('say that a call was cancelled when its promise is rejected, and nothing when its worker has ended it', async () => {
      const messages = published()
      await using py = await start(place, { workers: 1 })
      const abort = new AbortController()
      const begun = deferred()
      const waits = () => {
        begun.resolve()
        return new Promise(() => {})
      }
      const aborted = refusal(() => py.run(APPLY, [waits], { signal: abort.signal }))
      await begun.promise
      abort.abort()
      await aborted
      expect(ends(messages)).toEqual([[APPLY, 'cancelled']])
      expect(messages.at(-1)?.error).toMatchObject({ code: 'ERR_PYTHREADS_ABORTED' })
      const again = new AbortController()
      const coroutine = refusal(() => py.run('asyncio:sleep', [60], { signal: again.signal }))
      const hasBegun = () =>
        messages.some(({ is, target }) => is === 'start' && target === 'asyncio:sleep')
      await expect.poll(hasBegun, { timeout: SOON_MS }).toBe(true)
      again.abort()
      await coroutine
      expect(await py.run(IDENTITY, [1])).toBe(1)
      expect(ends(messages).slice(1)).toEqual([
        ['asyncio:sleep', 'cancelled'],
        [IDENTITY, 'fulfilled'],
      ])
      const [started, ended] = ids(messages)
      expect(ended).toEqual(started)
    })

    it('say that calls were cancelled when their pool is destroyed, and nothing of those that no worker had', async () => {
      const messages = published()
      const py = await start(place, { workers: 1 })
      const calls = Array.from({ length: 5 }, () =>
        refusal(() => py.run(APPLY, [() => new Promise(() => {})])),
      )
      await expect.poll(() => messages.length).toBe(1)
      py.destroy()
      await Promise.all(calls)
      await py.close()
      expect(messages.map(({ is, outcome }) => [is, outcome])).toEqual([
        ['start', undefined],
        ['end', 'cancelled'],
      ])
    })

    it('say one end for each beginning of calls that are taken back, whether they run later or are cancelled', async () => {
      const messages = published()
      await using py = await start(place, { workers: 1 })
      for (let i = 0; i < 20; i++) await py.run(IDENTITY, [i]) // it is known to be short
      const abort = new AbortController()
      const long = py.eval('__import__("time").sleep(0.1)')
      const count = scaled(30, 300)
      const calls = Array.from({ length: count }, (_, i) =>
        py.run(IDENTITY, [i], i % 2 === 0 ? {} : { signal: abort.signal }).catch(() => {}),
      )
      setImmediate(() => abort.abort())
      await Promise.all([long, ...calls])
      const more = Array.from({ length: count }, (_, i) => py.run(IDENTITY, [i]))
      await Promise.all(more)
      const [started, ended] = ids(messages)
      expect(ended).toEqual(started)
      expect(new Set(started).size).toBe(started?.length)
    })

    it('have the ends for a listener that hears nothing else', async () => {
      const messages = published(['end'])
      await using py = await start(place, { workers: 1 })
      await py.run(IDENTITY, [1])
      expect(ends(messages)).toEqual([[IDENTITY, 'fulfilled']])
    })

    it('leave out nothing when a listener throws', async () => {
      const messages = published()
      const errors: unknown[] = []
      const listeners = process.listeners('uncaughtException')
      process.removeAllListeners('uncaughtException')
      process.on('uncaughtException', (error) => void errors.push(error))
      const fail = () => {
        throw new Error('of a listener')
      }
      subscribe('pythreads:call:end', fail)
      stops.push(() => unsubscribe('pythreads:call:end', fail))
      try {
        await using py = await start(place, { workers: 1 })
        expect(await py.run(IDENTITY, [1])).toBe(1)
        await expect.poll(() => errors.length).toBe(1)
        expect(ends(messages)).toEqual([[IDENTITY, 'fulfilled']])
      } finally {
        process.removeAllListeners('uncaughtException')
        for (const listener of listeners) process.on('uncaughtException', listener)
      }
    })

    it.runIf(place.isolation === 'process')(
      'say that calls are lost with their worker, and one end of those made again',
      async () => {
        const messages = published()
        await using py = await start(place, { workers: 1 })
        await Promise.all([
          refusal(() => py.run('os:_exit', [3])),
          refusal(() => py.run('os:_exit', [4], { retry: 1 })),
        ])
        const coroutine = refusal(() => py.run('asyncio:sleep', [60]))
        await expect
          .poll(() =>
            messages.some(({ is, target }) => is === 'start' && target === 'asyncio:sleep'),
          )
          .toBe(true)
        await refusal(() => py.run('os:_exit', [5]))
        await coroutine
        expect(ends(messages)).toContainEqual(['asyncio:sleep', 'lost'])
        expect(ends(messages).filter(([target]) => target === 'os:_exit')).toEqual(
          Array(3).fill(['os:_exit', 'lost']),
        )
        await expect.poll(() => py.stats().running, { timeout: SOON_MS }).toBe(0)
        const [started, ended] = ids(messages)
        expect(ended).toEqual(started)
      },
    )
  })
}

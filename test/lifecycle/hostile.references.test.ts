/**
 * A worker process that was taken over has what it was given, and nothing that another worker of
 * its pool was given.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Python } from '../../src/index.ts'
import { KIND } from '../../src/wire/index.ts'
import { pythonHolds } from '../support/held.ts'
import { type HostileFrame, hostile, send } from '../support/hostile.ts'
import { refusal } from '../support/outcome.ts'
import { placement, start } from '../support/placement.ts'

const HOSTILE = 1
const HONEST = 0
const NOBODY = 999_999

describe('the number of a JavaScript value that only another worker was given', () => {
  let py: Python
  let calls: unknown[][] = []
  const secret = (...args: unknown[]) => {
    calls.push(args)
    return 'secret'
  }
  beforeAll(async () => {
    py = await start(placement('process'), { workers: 2 })
    await hostile(py, 'hold', [secret], HONEST)
  })
  afterAll(() => py.close())

  const cases = (number: number | string): [string, HostileFrame][] => [
    ['called', { kind: KIND.CALLBACK, payload: `[${number}, [], 0, 0]` }],
    [
      'called with arguments that cannot be held',
      { kind: KIND.CALLBACK, payload: `[${number}, [{float("nan"): 1, float("nan"): 2}], 0, 0]` },
    ],
    [
      'called on the side channel',
      { kind: KIND.CALLBACK, payload: `[${number}, [], 1, 0]`, side: true },
    ],
    ['returned', { kind: KIND.RESULT, payload: `(..., 8, ${number})` }],
    ['returned within a value', { kind: KIND.RESULT, payload: `[{"a": (..., 8, ${number})}]` }],
    ['raised', { kind: KIND.ERROR, payload: `{"thrown": [(..., 8, ${number})]}` }],
    [
      'an argument of a callback',
      { kind: KIND.CALLBACK, payload: `[${number}, [(..., 8, ${number})], 0, 0]` },
    ],
    ['dropped', { kind: KIND.RELEASED, payload: `[(${number}, 1, 0)]` }],
    [
      'dropped on the side channel',
      { kind: KIND.RELEASED, payload: `[(${number}, 1, 0)]`, side: true },
    ],
    ['dropped less than once', { kind: KIND.RELEASED, payload: `[(${number}, 0, 0)]` }],
  ]
  const everywhere = [1, NOBODY, 0, -1, '1.5', 'float("nan")'].flatMap((number) =>
    cases(number).map(([title, frame]) => [`${number} ${title}`, frame] as const),
  )

  it.each(everywhere)('ends the worker that says it: %s', async (_, frame) => {
    calls = []
    // it has the side channel read, and a number of its own
    await hostile(py, 'hold', [() => 1], HOSTILE)
    expect(await refusal(() => send(py, frame, HOSTILE))).toMatchObject({
      code: 'ERR_PYTHREADS_PROTOCOL',
    })
    expect(calls).toEqual([])
    expect(await hostile(py, 'use', [7], HONEST)).toBe('secret')
    expect(calls).toEqual([[7]])
    await pythonHolds(py, 1)
  })
})

describe('the number of a JavaScript value that a worker was given', () => {
  const own = async (give: unknown) => {
    const py = await start(placement('process'), { workers: 1 })
    await hostile(py, 'hold', [give])
    return py
  }

  it.each([
    ['more often than it got it', '[(1, 2, 0)]'],
    ['more often than it got it, in two notes', '[(1, 1, 0), (1, 1, 0)]'],
    ['less than once', '[(1, -1, 0)]'],
    ['half a time', '[(1, 0.5, 0)]'],
    ['NaN times', '[(1, float("nan"), 0)]'],
    ['very often', '[(1, 1 << 60, 0)]'],
    ['with less than no way home', '[(1, 1, -1)]'],
    ['without counts', '[(1,)]'],
    ['as a text', '["1"]'],
    ['without a list', '1'],
  ])('ends it when it drops it %s', async (_, payload) => {
    await using py = await own(() => 1)
    expect(await refusal(() => send(py, { kind: KIND.RELEASED, payload }))).toMatchObject({
      code: 'ERR_PYTHREADS_PROTOCOL',
    })
    expect(await py.eval('1 + 1')).toBe(2)
    expect(py.stats().callbacks).toBe(0)
  })

  it('ends it when it calls what is no function', async () => {
    await using py = await start(placement('process'), { workers: 1 })
    await py.exec(
      'errors = []\ndef keep(f):\n  try: f()\n  except Exception as error: errors.append(error)',
    )
    const thrower = () => {
      throw new Error('mine')
    }
    await py.eval`keep(${thrower})`
    const number = await py.eval<number>('errors[0].reference.number')
    const frame = { kind: KIND.CALLBACK, payload: `[${number}, [], 0, 0]` }
    expect(await refusal(() => send(py, frame))).toMatchObject({ code: 'ERR_PYTHREADS_PROTOCOL' })
  })

  it('is called as long as the call may have been written before it was dropped', async () => {
    await using py = await start(placement('process'), { workers: 1 })
    let called = 0
    const count = async () => void called++
    // The function is dropped when the call that gave it returns; its own call is on the side
    // channel by then.
    await py.exec(
      'import asyncio\nasync def call(f):\n  return f()\nasync def later(f):\n  waits = f()\n  del f\n  await waits',
    )
    for (let i = 0; i < 200; i++) await py.eval`later(${async () => void (await count())})`
    expect(called).toBe(200)
    await pythonHolds(py, 0)
  })

  it('is called after it was dropped in a frame that overtook the call', async () => {
    await using py = await start(placement('process'), { workers: 1 })
    let called = 0
    await hostile(py, 'hold', [() => void called++])
    await hostile(py, 'overtake', [1])
    await expect.poll(() => called).toBe(1)
    expect(await py.eval('1 + 1')).toBe(2)
    await expect.poll(() => py.stats().callbacks).toBe(0)
  })
})

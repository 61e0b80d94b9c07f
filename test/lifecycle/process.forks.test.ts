/**
 * A child that Python code forks is no worker: it ends where its call would return, with the status
 * that Python would give it, and nothing of it reaches JavaScript. Each test is a host process of
 * its own (test/fixtures/forks.ts); what a child prints is on the host's output. A host that has
 * not ended holds its output open: so does each child that lives on.
 */
import { describe, expect, it } from 'vitest'
import { type Ended, runFixture } from '../support/child.ts'
import { placements, pythons } from '../support/pythons.ts'

type Call = [how: string, name: string, argument?: string]

interface Results {
  results: unknown[]
  called: number
  alive: number[]
  lines: [text: string, ofCall: boolean][]
}

const STATUSES = { return: 0, exit: 3, text: 1, raise: 1, interrupt: -2 } as const
type How = keyof typeof STATUSES
const HOW = Object.keys(STATUSES) as How[]

/** Ways to fork: how it is called, and by which function. */
const WAYS: [way: string, name: string][] = [
  ['call', 'call'],
  ['sync', 'call'],
  ['within a callback', 'call'],
  ['within a sync call', 'call'],
  ['call', 'terminal'],
  ['call', 'raw'],
  ['call', 'own_loop'],
  ['call', 'coroutine'],
  ['sync', 'coroutine'],
  ['call', 'task'],
  ['call', 'executor'],
  ['call', 'to_thread'],
]

/** Runs calls of test/python/forks.py in a host of their own. */
async function run(
  place: { isolation: string; python: string },
  calls: Call[],
  options: { capture?: boolean } = {},
): Promise<Ended & Results> {
  const { isolation, python } = place
  const ended = await runFixture(
    'forks',
    [JSON.stringify({ isolation, python, calls, ...options })],
    { PYTHONUNBUFFERED: '' },
  )
  const line = /^results (.*)$/m.exec(ended.stdout)?.[1]
  if (line === undefined) throw new Error(`no results: ${JSON.stringify(ended)}`)
  return { ...ended, ...(JSON.parse(line) as Results) }
}

const count = (text: string, what: string) => text.split(what).length - 1
const forking = placements.filter((place) => place.isolation !== 'subinterpreter')

describe.each(forking)('a forked child, $name', (place) => {
  it('ends with the status of its exception, and prints once', async () => {
    const calls = WAYS.flatMap(([way, name]) => HOW.map((how): Call => [way, name, how]))
    const { results, alive, code, stdout } = await run(place, calls)
    // A child that forks again returns how its own child ended.
    const statuses = calls.map(([, name, how]) => (name === 'raw' ? 0 : STATUSES[how as How]))
    expect({ code, results, alive }).toEqual({ code: 0, results: statuses, alive: [1, 1] })
    expect(HOW.map((how) => count(stdout, `child ${how}`))).toEqual(HOW.map(() => WAYS.length))
    const held = WAYS.filter(([, name]) => ['call', 'raw', 'executor', 'to_thread'].includes(name))
    expect(count(stdout, 'held ')).toBe(held.length * HOW.length)
  })

  it('of a map and of a generator goes no further than its item', async () => {
    const calls: Call[] = ['call', 'coroutine'].flatMap((name) =>
      HOW.map((how): Call => ['map', name, how]),
    )
    const { results, stdout, alive } = await run(place, [
      ...calls,
      ['iterate', 'generator', 'exit'],
    ])
    expect(results).toEqual([...calls.map(([, , how]) => Array(2).fill(STATUSES[how as How])), [3]])
    expect(HOW.map((how) => count(stdout, `child ${how}`))).toEqual(
      HOW.map((how) => (how === 'exit' ? 5 : 4)),
    )
    expect(alive).toEqual([1, 1])
  })

  it('of a thread of the user ends with the thread, as in Python: with status 0', async () => {
    const { results, stdout } = await run(
      place,
      HOW.map((how) => ['call', 'thread', how]),
    )
    expect(results).toEqual([0, 0, 0, 0, 0])
    expect(HOW.map((how) => count(stdout, `child ${how}`))).toEqual(HOW.map(() => 1))
  })

  it('waits for its own threads, and cannot wait on the event loop of its parent', async () => {
    const { results, stdout } = await run(place, [
      ['call', 'with_a_thread', 'return'],
      ['call', 'awaiting', 'exit'],
    ])
    expect({ results, returned: count(stdout, 'child return') }).toEqual({
      results: [0, 1],
      returned: 1,
    })
  })

  it('cannot call JavaScript', async () => {
    const { results, called, alive } = await run(place, [['with a function', 'call', 'callback']])
    expect({ results, called, alive }).toEqual({ results: [1], called: 0, alive: [1, 1] })
  })

  it('prints to the streams that it has, none of it as a line of a call', async () => {
    const { results, lines, stdout } = await run(place, [['call', 'call', 'exit']], {
      capture: true,
    })
    expect(results).toEqual([3])
    expect(lines.filter(([, ofCall]) => ofCall)).toEqual([['held ', true]])
    expect(count(stdout, 'child exit')).toBe(1)
  })

  it('ends by a signal that JavaScript does not hear', async () => {
    const { results, code, signal } = await run(place, [['without arguments', 'terminated']])
    expect({ results, code, signal }).toEqual({ results: [-15], code: 0, signal: null })
  })

  it('does not give back memory that its parent uses', async () => {
    const { results } = await run(place, [['with an array', 'drop_in_child']])
    expect(results).toEqual([[8, 0, 1_000_000, 8]])
  })

  it('of multiprocessing works for its pool', async () => {
    const { results, alive } = await run(place, [['without arguments', 'pool']])
    expect({ results, alive }).toEqual({ results: [[1, 2]], alive: [1, 1] })
  })

  it.each([
    ['exit', 3],
    ['raise', 1],
    ['return', 0],
  ])('of a module that forks when it is preloaded ends: %s', async (child, status) => {
    const ended = await runFixture(
      'forks-at-import',
      [JSON.stringify({ isolation: place.isolation, python: place.python })],
      {
        CHILD: child,
      },
    )
    expect(ended).toMatchObject({ code: 0, stdout: `[${status},${status}]\n` })
  })
})

describe.each(forking.filter((place) => place.isolation === 'process'))(
  'a forked child, $name',
  (place) => {
    it('has no part in the last words of its parent', async () => {
      const { results } = await run(place, [['last words', 'call', 'exit']])
      expect(results[0]).not.toContain('child exit')
    })
  },
)

describe.each(placements.filter((place) => place.isolation === 'subinterpreter'))(
  'fork, $name',
  (place) => {
    it('is refused by Python', async () => {
      const { results } = await run(place, [['call', 'call', 'exit']])
      expect(results).toEqual(['RuntimeError'])
    })
  },
)

// The event loop of asyncio forgets in a child what it did, from 3.12 on: each version is tried.
const versions = pythons.filter(
  (python) => python.isolations.includes('thread') && !python.freeThreaded,
)
describe.each(versions)('a forked child of a coroutine, Python $release', ({ executable }) => {
  it('ends with the status of its exception', async () => {
    const place = { isolation: 'thread', python: executable }
    const { results } = await run(
      place,
      HOW.map((how) => ['call', 'coroutine', how]),
    )
    expect(results).toEqual(HOW.map((how) => STATUSES[how]))
  })
})

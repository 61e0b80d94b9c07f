import type { Python, PythonError } from '../../src/index.ts'
import { evaluated, outward } from './conversions.ts'
import { collect, refusal } from './outcome.ts'

/** A value that goes to Python, and what comes back. */
export interface Passenger {
  readonly title: string
  readonly make: (py: Python) => unknown
  /** What comes back for the value that was sent. */
  readonly back: (sent: unknown, py: Python) => unknown
}

/**
 * Every value of the tables in test/support/conversions.ts, except those that take long: {@link
 * atThresholds} has the like.
 */
export const fromTables: Passenger[] = outward
  .filter(({ js }) => !js.startsWith('nested(50_000'))
  .map(({ js, back }) => ({
    title: js,
    make: (py) => evaluated(js, py),
    back: (sent, py) => (back === 'same' ? sent : evaluated(back, py)),
  }))

const WRAPPERS = {
  array: (inner: unknown) => [inner],
  object: (inner: unknown) => ({ a: inner }),
  Map: (inner: unknown) => new Map([[1, inner]]),
} as const

const twice = (x: number): number => x * 2

/** What ends up at the bottom: a plain value, and values that cross by an escape. */
const LEAVES = {
  'a number': () => 1,
  'a Date': () => new Date(5),
  'a function': () => twice,
  'a typed array': () => new Float64Array([1.5]),
  'a typed array of 40 kB': () => new Float64Array(5_000).fill(0.5),
} as const

const KB = 1024
const SIZES = { quick: [0, 260 * KB], complete: [0, 33 * KB, 260 * KB, 1100 * KB] } as const
const DEPTHS = { quick: [1, 1001], complete: [1, 999, 1000, 1001, 1100] } as const

/** Values below and above each size and depth at which a value crosses in another way. */
export function atThresholds(isComplete: boolean): Passenger[] {
  const which = isComplete ? 'complete' : 'quick'
  const all: Passenger[] = []
  const add = (title: string, make: () => unknown) =>
    all.push({ title, make, back: (sent) => sent })
  for (const [leaf, bottom] of Object.entries(LEAVES)) {
    for (const size of SIZES[which]) {
      for (const [kind, wrap] of Object.entries(WRAPPERS)) {
        for (const depth of DEPTHS[which]) {
          if (depth > 1 && depth !== 1001 && size > 0) continue
          add(`${leaf} in ${depth} of ${kind}, with ${size} bytes`, () =>
            padded(nested(depth, wrap, bottom()), size),
          )
        }
      }
      if (leaf === 'a number' || leaf === 'a Date')
        add(`a Set of ${leaf}, with ${size} bytes`, () => padded(new Set([bottom()]), size))
    }
  }
  add('itself in an array of 260 kB, with a Date', () => ownMember([filler(260 * KB), new Date(0)]))
  add('itself at a depth of 1001, with a Date', () =>
    ownMember([nested(1001, WRAPPERS.array, new Date(0))]),
  )
  add('a Map with a key 0, a Date and 260 kB', () => new Map<number, unknown>([[0, filler(260 * KB)], [1, new Date(0)]])) // biome-ignore format: one line
  add('4,000 records', () =>
    Array.from({ length: 4_000 }, (_, id) => ({ id, text: filler(50), at: new Date(id) })),
  )
  add('a text of 260 kB', () => filler(260 * KB))
  add('bytes of 260 kB', () => new Uint8Array(260 * KB).fill(1))
  const deep = isComplete ? 50_000 : 5_000
  for (const [kind, wrap] of Object.entries(WRAPPERS)) {
    add(`${deep} of ${kind}`, () => nested(deep, wrap, 1))
    add(`a Date in ${deep} of ${kind}`, () => nested(deep, wrap, new Date(1)))
  }
  return all
}

function nested(depth: number, wrap: (inner: unknown) => unknown, bottom: unknown): unknown {
  let value = bottom
  for (let level = 0; level < depth; level++) value = wrap(value)
  return value
}

function filler(size: number): string {
  return 'x'.repeat(size)
}

/** The same container with so many bytes more in it. */
function padded(value: unknown, size: number): unknown {
  if (size === 0) return value
  if (Array.isArray(value)) value.push(filler(size))
  else if (value instanceof Map) value.set(2, filler(size))
  else if (value instanceof Set) value.add(filler(size))
  else Object.assign(value as object, { text: filler(size) })
  return value
}

function ownMember(array: unknown[]): unknown[] {
  array.push(array)
  return array
}

/** Sends values in some position; resolves to what came back for each. */
type Position = (py: Python, values: readonly unknown[]) => Promise<readonly unknown[]>

/** `module`: the path of test/python/positions.py. */
export function positions(module: string): Record<string, Position> {
  const target = (name: string) => `${module}:${name}`
  const run = <R = unknown[]>(py: Python, name: string, ...args: unknown[]): Promise<R> =>
    py.run<R>(target(name), args)
  const one =
    (way: (py: Python, value: unknown) => unknown): Position =>
    (py, values) =>
      Promise.all(values.map((value) => way(py, value)))
  /** Those that a callback gets. */
  const given = async (give: (look: (value: unknown) => void) => unknown) => {
    const seen: unknown[] = []
    await give((value) => seen.push(value) && undefined)
    return seen
  }
  const named = (values: readonly unknown[]) =>
    Object.fromEntries(values.map((value, i) => [`v${i}`, value]))
  const at = (values: readonly unknown[]) => (index: number) => values[index]
  const later = (values: readonly unknown[]) => async (index: number) => values[index]
  async function* slowly(values: readonly unknown[]) {
    for (const value of values) yield value
  }
  return {
    'a positional argument': one((py, value) => run(py, 'identity', value)),
    'one of many positional arguments': (py, values) => run(py, 'arguments', ...values),
    'a keyword argument': one((py, value) => py.run(target('identity'), [], { kwargs: { value } })),
    'one of many keyword arguments': (py, values) =>
      py.run(target('keywords'), [], { kwargs: named(values) }),
    'a value of eval': one((py, value) => py.eval`${value}`),
    'an item and a result of map': (py, values) =>
      collect(py.map(target('identity'), values, { chunk: 1 })),
    'one of many items and results of map': (py, values) =>
      collect(py.map(target('identity'), values, { chunk: 50 })),
    'an argument of an operation': async (py, values) => {
      const list = await py.eval<{
        $setItem(key: number, value: unknown): Promise<null>
        $item(key: number): unknown
      }>('__import__("collections").OrderedDict()')
      await Promise.all(values.map((value, i) => list.$setItem(i, value)))
      return Promise.all(values.map((_, i) => list.$item(i)))
    },
    'the argument of a callback': (py, values) =>
      given((look) => run(py, 'give_each', look, values)),
    'the argument of a callback in a coroutine': (py, values) =>
      given((look) => run(py, 'give_each_in_coroutine', look, values)),
    'a keyword argument of a callback': (py, values) =>
      given((look) =>
        run(py, 'give_each_as_keyword', ({ value }: { value: unknown }) => look(value), values),
      ),
    'the result of a callback': (py, values) => run(py, 'call_each', at(values), values.length),
    'the result of an asynchronous callback': (py, values) =>
      run(py, 'call_each', later(values), values.length),
    'the result of a callback in a coroutine': (py, values) =>
      run(py, 'call_each_in_coroutine', at(values), values.length),
    'the result of an asynchronous callback in a coroutine': (py, values) =>
      run(py, 'await_each', later(values), values.length),
    'the result of a callback on another thread': (py, values) =>
      run(py, 'call_each_in_thread', at(values), values.length),
    'an item of an iterator': (py, values) => run(py, 'iterate', values.values()),
    'an item of an asynchronous iterator': (py, values) => run(py, 'iterate', slowly(values)),
    'an item of an asynchronous iterator in a coroutine': (py, values) =>
      run(py, 'iterate_in_coroutine', slowly(values)),
    'an item of an iterator of Python': async (py, values) =>
      collect(await run<AsyncIterable<unknown>>(py, 'iterator', values)),
    'the positional argument of a sync call': async (py, values) =>
      values.map((v) => py.sync.run(target('identity'), [v])),
    'the keyword argument of a sync call': async (py, values) =>
      values.map((value) => py.sync.run(target('identity'), [], { kwargs: { value } })),
    'a value of eval in a sync call': async (py, values) =>
      values.map((value) => py.sync.eval`${value}`),
    'the argument of a callback in a sync call': (py, values) =>
      given((look) => py.sync.run(target('give_each'), [look, values])),
    'the result of a callback in a sync call': async (py, values) =>
      py.sync.run(target('call_each'), [at(values), values.length]),
    'the result of a callback on another thread in a sync call': async (py, values) =>
      py.sync.run(target('call_each_in_thread'), [at(values), values.length]),
    'an item of an iterator in a sync call': async (py, values) =>
      py.sync.run(target('iterate'), [values.values()]),
    'an item of an iterator of Python in a sync call': async (py, values) => [
      ...py.sync.run<Iterable<unknown>>(target('iterator'), [values]),
    ],
    'an argument of an exception': async (py, values) => {
      const { type } = (await refusal(() => run(py, 'fail_each', values))) as PythonError
      if (type !== 'FailureError') throw new Error(`it raised ${type}`)
      return run(py, 'arguments', ...values)
    },
  }
}

/**
 * Sends values as what a callback throws; resolves to what came back for each, which is the very
 * same.
 */
export function throwEach(
  py: Python,
  module: string,
  values: readonly unknown[],
): Promise<readonly unknown[]> {
  const throwOne = (index: number) => {
    throw values[index]
  }
  return py.run(`${module}:catch_each`, [throwOne, values.length])
}

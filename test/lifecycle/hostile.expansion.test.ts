/**
 * What a few bytes of a worker expand to is in proportion to them. Where it is not, these tests do
 * not end.
 */
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Python, PythonError } from '../../src/index.ts'
import { KIND } from '../../src/wire/index.ts'
import { hostile, send } from '../support/hostile.ts'
import { refusal, thrown } from '../support/outcome.ts'
import { placement, start } from '../support/placement.ts'

const PROTOCOL = { code: 'ERR_PYTHREADS_PROTOCOL' }
const LEVELS = 40

let py: Python
const warnings: unknown[] = []
beforeAll(async () => {
  const logging = { level: 'INFO', handler: () => {} } as const
  py = await start(placement('process'), {
    workers: 1,
    output: () => {},
    warnings: (one) => warnings.push(one),
    logging,
  })
})
afterAll(() => py.close())

/** What a call gives whose result is something else. */
async function replied(source: string): Promise<unknown> {
  await hostile(py, 'reply_next', [source])
  return py.eval('1')
}

/**
 * The error that a frame of details is. `source`: an expression, in which `details` makes those of
 * one exception.
 */
async function raised(source: string): Promise<PythonError> {
  await hostile(py, 'reply_next', [source, KIND.ERROR])
  return (await thrown(() => py.eval('1'))) as PythonError
}

describe('details of exceptions that hold each other', () => {
  it.each(['errors', 'cause'])(
    'are one error each, where two of them share one by `%s`',
    async (way) => {
      const error = await raised(`errors_within(${LEVELS}, "${way}")`)
      expect(error).toBeInstanceOf(PythonError)
      let depth = 0
      for (let at: unknown = error; at instanceof PythonError; at = at.errors?.[0] ?? at.cause) {
        if (at.errors !== undefined) expect(at.errors[1]).toBe(at.errors[0])
        depth++
      }
      expect(depth).toBe(LEVELS + 1)
      expect(inspect(error).length).toBeLessThan(100_000)
    },
  )

  it.each(['errors', 'cause'])('end, where one is in itself by `%s`', async (way) => {
    const error = await raised(`error_in_itself("${way}")`)
    expect(error).toBeInstanceOf(PythonError)
    expect(error.cause ?? error.errors?.[0]).toBeUndefined()
  })

  it('are malformed where exceptions share a list of members', async () => {
    expect(await raised('errors_of_one_list(2)')).toMatchObject(PROTOCOL)
  })

  it('arrive for 14 exception groups within each other', async () => {
    await py.exec(
      'try:\n  ExceptionGroup\nexcept NameError:\n  class ExceptionGroup(Exception):\n    def __init__(self, message, exceptions):\n      super().__init__(message)\n      self.exceptions = tuple(exceptions)',
    )
    await py.exec(
      'def group(depth):\n  one = ValueError("inner")\n  for i in range(depth): one = ExceptionGroup(str(i), [one, one])\n  raise one',
    )
    const error = (await thrown(() => py.eval('group(14)'))) as PythonError
    let inner: unknown = error
    for (let i = 0; i < 14; i++) {
      const { errors } = inner as PythonError
      expect(errors?.length).toBe(2)
      expect(errors?.[0]).toBe(errors?.[1])
      inner = errors?.[0]
    }
    expect(inner).toMatchObject({ type: 'ValueError', message: 'inner' })
  })
})

describe('details of an exception', () => {
  it.each([
    ['no record', '[]'],
    ['nothing', 'None'],
    ['no parts', '{}'],
    ['a code that does not exist', 'details(code="ERR_NONE")'],
    ['a code of the prototype', 'details(code="toString")'],
    ['frames that are no list', 'details(frames=5)'],
    ['a frame that is none', 'details(frames=[5])'],
    ['a frame without a file', 'details(frames=[{"line": 1}])'],
    ['notes that are no texts', 'details(notes=[5])'],
    ['a message that is no text', 'details(message=[5])'],
    ['a cause that is none', 'details(cause=5)'],
    ['a cause without its parts', 'details(cause={})'],
    ['members that are no list', 'details(errors=5)'],
    ['a member that is none', 'details(errors=[5])'],
    ['a thrown value without its list', 'details(thrown=5)'],
    ['arguments that are no list', 'details(args=5)'],
    ['positions that are no list', 'details(args=[1], opaque=5)'],
    ['attributes that are none', 'details(attributes=5)'],
    ['a place that is none', 'details(place=5)'],
    ['a path that is none', 'details(path=5)'],
  ])('with %s end the worker', async (_, source) => {
    expect(await raised(source)).toMatchObject(PROTOCOL)
    expect(await py.eval('1 + 1')).toBe(2)
  })

  it('with many frames of one long file have a stack of a bounded length', async () => {
    const error = await raised(
      'details(frames=[{"file": "f" * 100_000, "line": 1, "column": 1, "function": "f", "source": ""}] * 100_000)',
    )
    expect(error).toBeInstanceOf(PythonError)
    expect(error.frames.length).toBe(100_000)
    expect(error.stack?.length).toBeLessThan(3_000_000)
  })

  it('with many arguments that are left out are looked through once', async () => {
    const error = await raised('details(args=[None] * 300_000, opaque=list(range(300_000)))')
    expect(error.args.every((arg) => arg === undefined)).toBe(true)
  })
})

describe('arrays that are in themselves many times over', () => {
  const many = `many(${LEVELS})`
  it.each([
    ['the category of a warning', KIND.WARNING, `(${many}, "m", "f", 1, 0, True)`],
    ['the line of a warning', KIND.WARNING, `("c", "m", "f", ${many}, 0, True)`],
    [
      'a text of a record',
      KIND.LOG,
      `(0, True, 20, ${many}, "l", "m", 0, "t", "f", 1, "n", None, None, {})`,
    ],
    [
      'the time of a record',
      KIND.LOG,
      `(0, True, 20, "n", "l", "m", ${many}, "t", "f", 1, "n", None, None, {})`,
    ],
    ['the call of an output', KIND.OUTPUT, `(1, ${many}, "t", False, 0)`],
    ['the thread of an output', KIND.OUTPUT, `(1, None, "t", False, ${many})`],
    ['a module that is refused', KIND.REFUSED, many],
    ['the code of an error', KIND.ERROR, `details(code=${many})`],
    ['the time of a reply', KIND.THREAD_TIME, '[1]'],
    ['the number of a callback', KIND.CALLBACK, `[${many}, [], 0, 0]`],
    ['a dropped value', KIND.RELEASED, `[(${many}, 1, 0)]`],
    ['the parts of a date', KIND.RESULT, `(..., 2, ${many}, 1, 1, "u", 0)`],
    ['the type of a scalar', KIND.RESULT, `(..., 3, ${many}, "x")`],
    ['the shape of an array', KIND.RESULT, `(..., 12, "int8", [${many}], [1], "b", b"x")`],
  ] as const)("end the worker, or are nobody's, as %s", async (_, kind, payload) => {
    expect(await refusal(() => send(py, { kind, payload }))).toMatchObject(PROTOCOL)
  })

  it('are read in time that is linear in their bytes, and are no text', async () => {
    // Two keys that are one in JavaScript, below a key that is such an array.
    const error = await refusal(() => replied(`keyed(many_tuples(${LEVELS}))`))
    expect(error).toMatchObject({ code: 'ERR_PYTHREADS_VALUE' })
    expect(String(error.path).length).toBeLessThan(2_000)
  })

  it('give a path of a bounded length, where many levels have one long key', async () => {
    const error = await refusal(() => replied('deep_keys(1_000, 1_000_000)'))
    expect(error).toMatchObject({ code: 'ERR_PYTHREADS_VALUE' })
    expect(String(error.path).length).toBeLessThan(20_000)
  })
})

describe('a value', () => {
  it.each([
    ['payloads within payloads', '[(..., 13, 8, 1 << 21, -5, 1), (..., 13, 8, 1 << 21, -5, 2)]'],
    ['an array of more items than its data', '(..., 12, "int8", [1 << 40], [0], "b", b"x")'],
    ['an array of many empty lists', '(..., 12, "int8", [1 << 30, 0], [0, 1], "b", b"")'],
    ['chunks within chunks', '(..., 1, [(..., 1, [1])])'],
    ['a chunk that is not there', '(..., 1, [[(..., 0, 7)]])'],
  ])('of %s ends the worker', async (_, payload) => {
    expect(await refusal(() => send(py, { kind: KIND.RESULT, payload }))).toMatchObject(PROTOCOL)
  })

  it.each([
    ['bigints', '{(i << 64) + (1 << 80): None for i in range(200_000)}'],
    ['members of a set', '{(i << 64) + (1 << 80) for i in range(200_000)}'],
  ])('with keys that have the same hash is refused: %s', async (_, payload) => {
    expect(await refusal(() => replied(payload))).toMatchObject({ code: 'ERR_PYTHREADS_VALUE' })
  })

  it('with many keys arrives', async () => {
    const [ints, texts, big] = await py.eval<
      [Map<number, number>, Record<string, number>, Map<bigint, number>]
    >(
      '[{i * 4096: i for i in range(300_000)}, {str(i): i for i in range(100_000)}, {(1 << 70) + i: i for i in range(100_000)}]',
    )
    expect([ints.size, Object.keys(texts).length, big.size]).toEqual([300_000, 100_000, 100_000])
  })
})

it('a chunk of a map without its results is the error of the map', async () => {
  for (const reply of [
    '[]',
    '1',
    '[[1, 2, 3, 4], None, 0.1]',
    '[[], 5, 0.1]',
    '{"results": [1], "failure": None}',
    '[[], {}, 0.1]',
  ]) {
    await hostile(py, 'reply_next', [reply])
    const all = async () => {
      for await (const _ of py.map('builtins:abs', [1, 2], { chunk: 2 }));
    }
    expect(await refusal(all), reply).toMatchObject(PROTOCOL)
  }
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kw, type Python, PythonError, type SyncModule } from '../../../src/index.ts'
import { refusal, thrown } from '../../support/outcome.ts'
import { type Placement, start } from '../../support/placement.ts'

const MODULE = 'called_again'
const SOURCE = `
import sys
from dataclasses import dataclass

def one(*args, **kwargs):
    return [list(args), kwargs]

def first():
    return 'first'

def same(value):
    return value

def text(length):
    return 'x' * length

def shows(text):
    print(text)
    return text

def shows_a_part(text):
    sys.stdout.write(text)

def fails(what):
    raise LookupError(what)

def leaves(status):
    raise SystemExit(status)

@dataclass
class Thing:
    value: int = 5

def thing():
    return Thing()

def value_of(thing):
    return thing.value

async def later(value):
    return value

here = sys.modules[__name__]

def put(name, value):
    setattr(here, name, value)

def make(name, result):
    setattr(here, name, lambda: result)

def drop(name):
    delattr(here, name)
`

/**
 * Sync calls of a target that was called before: in thread isolation they take a shorter way (see
 * `prepared-calls.ts`), and nothing else may differ.
 */
export function syncAgainSuite(place: Placement): void {
  describe('a function that was called before', () => {
    let py: Python
    let module: SyncModule
    beforeAll(async () => {
      py = await start(place, { workers: 1 })
      await py.module(SOURCE, MODULE)
      module = py.sync.import(MODULE)
    })
    afterAll(() => py.close())

    const run = <T>(name: string, ...args: unknown[]): T =>
      py.sync.run<T>(`${MODULE}:${name}`, args)
    /** What each of several calls returns. */
    const again = <T>(call: () => T): T[] => [0, 1, 2, 3].map(call)

    it('gets the arguments of each call', () => {
      for (let i = 0; i < 5; i++) {
        expect(run('one', i, `${i}`)).toEqual([[i, `${i}`], {}])
        expect(module.one?.(i, kw({ deep: [i, { i }] }))).toEqual([[i], { deep: [i, { i }] }])
        expect(py.sync.run(`${MODULE}:one`, [], { kwargs: { i } })).toEqual([[], { i }])
      }
    })

    it.each([
      ['nothing', null],
      ['numbers', [0, -1, 2 ** 31 - 1, -(2 ** 31), 2 ** 53 - 1, 0.5, -0, Number.NaN, 1e300]],
      ['texts', ['', 'a', 'é', '\u{1f600}', 'x'.repeat(300), 'é'.repeat(300), '\ud800', 'a\0b']],
      ['truth', [true, false]],
      ['big integers', [2n ** 70n, -(2n ** 63n) - 5n]],
      ['lists and objects', [[], {}, [[1], { a: { b: [] } }]]],
      ['bytes', [new Uint8Array(0), Uint8Array.of(1, 2), new Uint8Array(40_000).fill(7)]],
      ['Maps and Sets', [new Map([[1, 'one']]), new Set([1, 'two'])]],
      ['dates', [new Date(0), new Date('2026-11-30T01:02:03.004Z')]],
    ])('returns the value that it gets: %s', (_, values) => {
      for (const value of [values].flat())
        for (const result of again(() => run('same', value))) expect(result).toEqual(value)
      for (const result of again(() => run('same', values))) expect(result).toEqual(values)
    })

    it('gets one object where an object comes twice, and a cycle as a cycle', () => {
      const twice = { a: 1 }
      const cycle: unknown[] = []
      cycle.push(cycle)
      for (const result of again(() => run<[unknown, unknown]>('same', [twice, twice])))
        expect(result[0]).toBe(result[1])
      for (const result of again(() => run<unknown[]>('same', cycle)))
        expect(result[0]).toBe(result)
    })

    it('gets and returns values of every length', () => {
      for (const length of [100, 255, 256, 60_000, 65_510, 65_536, 70_000, 300_000, 2_000_000]) {
        const sent = 'y'.repeat(length)
        for (const result of again(() => run('same', sent))) expect(result === sent).toBe(true)
        for (const result of again(() => run<string>('text', length)))
          expect(result.length).toBe(length)
      }
    })

    it('may be called by the getter of an argument', () => {
      const argument = {
        before: 1,
        get inner() {
          return run('one', 'inner')
        },
        after: 'after',
      }
      for (const result of again(() => run('one', argument, 2)))
        expect(result).toEqual([[{ before: 1, inner: [['inner'], {}], after: 'after' }, 2], {}])
    })

    it('gets nothing of a call whose arguments cannot cross', async () => {
      const bad = {
        get bad() {
          throw new RangeError('of a getter')
        },
      }
      for (let i = 0; i < 4; i++) {
        expect(await refusal(() => run('one', 'lost', [Symbol('no')]))).toMatchObject({
          code: 'ERR_PYTHREADS_VALUE',
          path: 'args[1][0]',
        })
        expect(await thrown(() => run('one', bad))).toBeInstanceOf(RangeError)
        expect(run('one', i)).toEqual([[i], {}])
      }
    })

    it('is looked up anew: another one in its place is called', async () => {
      run('make', 'replaced', 1)
      expect(again(() => run('replaced'))).toEqual([1, 1, 1, 1])
      run('make', 'replaced', 2)
      expect(again(() => run('replaced'))).toEqual([2, 2, 2, 2])
      run('put', 'replaced', 3)
      expect(await refusal(() => run('replaced'))).toMatchObject({
        code: 'ERR_PYTHREADS_NOT_CALLABLE',
        target: `${MODULE}:replaced`,
      })
      run('drop', 'replaced')
      for (let i = 0; i < 3; i++)
        expect(await refusal(() => run('replaced'))).toMatchObject({
          code: 'ERR_PYTHREADS_ATTRIBUTE_NOT_FOUND',
          message: expect.stringContaining(`${MODULE}:replaced`),
        })
      run('make', 'replaced', 4)
      expect(again(() => run('replaced'))).toEqual([4, 4, 4, 4])
    })

    it('raises an error with its own traceback', async () => {
      for (let i = 0; i < 4; i++) {
        const error = (await thrown(() => run('fails', i))) as PythonError
        expect(error).toBeInstanceOf(PythonError)
        expect([error.type, error.args]).toEqual(['LookupError', [i]])
        expect(error.frames.map((frame) => frame.function)).toEqual(['fails'])
      }
      expect(await thrown(() => run('leaves', 3))).toMatchObject({ type: 'SystemExit' })
      expect(await refusal(() => run('first', 'one too many'))).toMatchObject({ type: 'TypeError' })
      expect(again(() => run('first'))).toEqual(['first', 'first', 'first', 'first'])
    })

    it('returns objects that stay in Python, and takes them', () => {
      for (const thing of again(() => run<object>('thing'))) expect(run('value_of', thing)).toBe(5)
    })

    it('may be a coroutine', () => {
      expect(again(() => run('later', 'x'))).toEqual(['x', 'x', 'x', 'x'])
    })

    it('takes options that say how values cross', () => {
      const options = { copy: true }
      for (const thing of again(() => py.sync.run(`${MODULE}:thing`, [], options)))
        expect(thing).toEqual({ value: 5 })
      for (let i = 0; i < 3; i++) expect(run('first')).toBe('first')
    })

    it('may be called with functions before and afterwards', () => {
      expect(again(() => run('first'))).toHaveLength(4)
      for (const result of again(() => run('one', (value: number) => value)))
        expect(result).toEqual([[expect.any(Function)], {}])
      expect(again(() => run('first'))).toEqual(['first', 'first', 'first', 'first'])
    })
  })

  describe('what such a function prints', () => {
    it('goes to its own pool, whole lines in order', async () => {
      const lines: string[][] = [[], []]
      const started = await Promise.all(
        lines.map((told) =>
          start(place, { workers: 1, output: ({ text }) => void told.push(text) }),
        ),
      )
      for (const [which, one] of started.entries())
        await one.module(SOURCE, `prints_again_${which}`)
      for (let i = 0; i < 5; i++) {
        for (const [which, one] of started.entries()) {
          one.sync.run(`prints_again_${which}:shows`, [`${which}: ${i}`])
          one.sync.run(`prints_again_${which}:shows_a_part`, [`${which}: part ${i}`])
        }
      }
      for (const one of started) await one.close()
      for (const [which, told] of lines.entries())
        expect(told).toEqual(
          [0, 1, 2, 3, 4].flatMap((i) => [`${which}: ${i}`, `${which}: part ${i}`]),
        )
    })
  })
}

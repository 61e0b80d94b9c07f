import { isDeepStrictEqual, types } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type Python,
  PythonDate,
  PythonError,
  PythonScalar,
  type RemoteObject,
} from '../../../src/index.ts'
import {
  caseCount,
  Expected,
  evaluated,
  inwards,
  mine,
  outward,
  refused,
  SOURCE,
  throwing,
  unreadable,
} from '../../support/conversions.ts'
import { refusal, thrown } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'

const IDENTITY = `${file('calls.py').pathname}:identity`

/** Every case of test/support/conversions.ts: the tables of docs/values.md, and more. */
export function conversionSuite(place: Placement): void {
  describe('conversion', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place)
      await py.module(SOURCE, 'values_page')
      await py.exec('from values_page import *')
    })
    afterAll(() => py.close())

    it('has 320 cases and more', () => {
      expect(caseCount).toBeGreaterThanOrEqual(320)
    })

    it.each(outward.map((one, row) => [title(one.js), row] as const))(
      'to Python and back: %s',
      async (_, row) => {
        const { js, repr, type, back, holds } = outward[row] as (typeof outward)[number]
        const make = () => evaluated(js, py)
        const expected = (sent: unknown) => (back === 'same' ? sent : evaluated(back, py))
        const ways: ((value: unknown) => unknown)[] = [
          (value) => py.run(IDENTITY, [value]),
          (value) => py.run(IDENTITY, [], { kwargs: { value } }),
          (value) => py.eval`${value}`,
          (value) => py.sync.run(IDENTITY, [value]),
        ]
        for (const way of ways) {
          const value = make()
          await same(await way(value), expected(value))
        }
        const value = make()
        const [first, { k }] = (await py.run(IDENTITY, [[value, { k: make() }]])) as [
          unknown,
          { k: unknown },
        ]
        await same(first, expected(value))
        if (back !== 'remote') await same(k, expected(make()))
        if (repr !== '') expect(await py.run('builtins:repr', [make()])).toMatch(pattern(repr))
        if (type !== '') expect(await py.run('values_page:type_name', [make()])).toBe(type)
        if (holds !== undefined)
          expect(await py.run('values_page:holds', [holds, make()])).toBe(true)
      },
    )

    const known = inwards.flatMap(({ python, since }, row) =>
      since <= place.version[1] ? [[title(python), row] as const] : [],
    )
    it.each(known)('from Python: %s', async (_, row) => {
      const { python, js, toJS } = inwards[row] as (typeof inwards)[number]
      const value = await py.eval(python)
      await same(value, evaluated(js, py))
      await same(await py.run('values_page:evaluate', [python]), evaluated(js, py))
      const copy = await py.run('values_page:evaluate', [python], { copy: true })
      await same(copy, evaluated(toJS === 'refused' ? 'remote' : toJS, py))
      if (js.startsWith('remote')) {
        const object = value as RemoteObject
        if (toJS === 'refused')
          expect(await refusal(() => object.toJS())).toMatchObject({ code: 'ERR_PYTHREADS_VALUE' })
        else await same(await object.toJS(), evaluated(toJS, py))
        expect(await object.$is(object)).toBe(true)
        expect(await object.$type()).toBe(
          await py.eval(`(lambda k: f'{k.__module__}:{k.__qualname__}')(type(${python}))`),
        )
        object.$dispose()
      } else if (value instanceof PythonScalar) {
        expect(await py.eval`repr(${value})`).toBe(await py.eval(`repr(${python})`))
      }
    })

    it.each(refused.map((one, row) => [title(one.js), row] as const))(
      'is refused with its path: %s',
      async (_, row) => {
        const { js, path } = refused[row] as (typeof refused)[number]
        const make = () => evaluated(js, py)
        const at = (place: string) => ({
          code: 'ERR_PYTHREADS_VALUE',
          path: path === undefined ? 'args' : place + path,
        })
        const nested = { 'the key': make() }
        expect(await refusal(() => py.run(IDENTITY, [make()]))).toMatchObject(at('args[0]'))
        expect(await refusal(() => py.run(IDENTITY, [0, [1, nested]]))).toMatchObject(
          at('args[1][1]["the key"]'),
        )
        expect(
          await refusal(() => py.run(IDENTITY, [], { kwargs: { value: make() } })),
        ).toMatchObject(at('kwargs.value'))
        expect(await refusal(() => py.eval`[${1}, ${make()}]`)).toMatchObject(at('values[1]'))
        expect(await refusal(() => py.sync.run(IDENTITY, [make()]))).toMatchObject(at('args[0]'))
        expect(await py.run(IDENTITY, ['fine'])).toBe('fine')
      },
    )

    it('is refused when reading it changes the arguments of its own call', async () => {
      const args: unknown[] = []
      args.push({ get more() { return args.push(1) } }) // biome-ignore format: one line
      const refused = { code: 'ERR_PYTHREADS_VALUE' }
      expect(await refusal(() => py.run('builtins:max', args))).toMatchObject(refused)
      expect(await refusal(() => py.sync.run('builtins:max', args))).toMatchObject(refused)
      const kwargs = { get a() { Reflect.deleteProperty(kwargs, 'b'); return 1 }, b: 2 } as Record<string, unknown> // biome-ignore format: one line
      expect(await refusal(() => py.run('builtins:dict', [], { kwargs }))).toMatchObject(refused)
      expect(await py.run(IDENTITY, ['fine'])).toBe('fine')
    })

    it('can make calls of its own while it is read', async () => {
      const inner: Promise<unknown>[] = []
      const value = {
        get asynchronous() {
          inner.push(py.run(IDENTITY, [[new Date(1)]]))
          return new Map([[1, 2]])
        },
        get synchronous() {
          return py.sync.run(IDENTITY, [[new Date(2)]])
        },
      }
      const sent = [new Map([[1, 2]]), [new Date(2)]]
      expect(Object.values(await py.run<object>(IDENTITY, [value]))).toEqual(sent)
      expect(Object.values(py.sync.run<object>(IDENTITY, [value]))).toEqual(sent)
      expect(await Promise.all(inner)).toEqual([[new Date(1)], [new Date(1)]])
    })

    it('is not sent when reading it aborts the call or ends the pool', async () => {
      const abort = new AbortController()
      const aborting = { get a() { abort.abort(); return 1 } } // biome-ignore format: one line
      const { signal } = abort
      expect(await refusal(() => py.run(IDENTITY, [aborting], { signal }))).toMatchObject({
        code: 'ERR_PYTHREADS_ABORTED',
      })
      const other = await start(place, { workers: 1 })
      const ending = { get a() { other.destroy(); return 1 } } // biome-ignore format: one line
      expect(await refusal(() => other.run(IDENTITY, [ending]))).toMatchObject({
        code: 'ERR_PYTHREADS_CLOSED',
      })
    })

    it.each(throwing.map((js) => [js]))(
      'rejects with the error that reading it throws: %s',
      async (js) => {
        const value = evaluated(js, py)
        expect(await thrown(() => py.run(IDENTITY, [[value]]))).toBe(mine)
        expect(await thrown(() => py.eval`${value}`)).toBe(mine)
        expect(await thrown(() => py.sync.run(IDENTITY, [value]))).toBe(mine)
        expect(await py.run(IDENTITY, ['fine'])).toBe('fine')
      },
    )

    it.each(unreadable.map((python) => [python]))(
      'is refused as JavaScript would lose some of it: %s',
      async (python) => {
        for (const use of [
          () => py.eval(python),
          () => py.sync.eval(python),
          () => py.run('values_page:evaluate', [python]),
        ]) {
          const error = await refusal(use)
          expect(error).toMatchObject({ code: 'ERR_PYTHREADS_VALUE' })
          expect(error).not.toBeInstanceOf(PythonError)
        }
        expect(await py.eval('1')).toBe(1)
        expect(py.stats().replaced).toBe(0)
      },
    )
  })
}

function title(source: string): string {
  return source.length > 90 ? `${source.slice(0, 87)}...` : source
}

/** A repr in which `...` stands for anything. */
function pattern(repr: string): RegExp {
  const parts = repr.split('...').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  return new RegExp(`^${parts.join('[\\s\\S]*')}$`, 'u')
}

/**
 * Asserts that two values are the same, of whatever depth: as `isDeepStrictEqual` has it, but also
 * in the order of keys, and with arrays, objects, Maps and Sets shared just as they are in what is
 * expected.
 */
export async function same(actual: unknown, expected: unknown): Promise<void> {
  const partners = new Map<object, object>()
  const open: [unknown, unknown, path: string][] = [[actual, expected, '']]
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    const [a, b, path] = step
    if (b instanceof Expected) {
      await isRemote(a, b, path)
    } else if (!isContainer(b)) {
      if (Object.is(a, b)) continue
      if (b instanceof PythonDate) expect(exactly(a), `at ${path}`).toEqual(exactly(b))
      if (typeof b === 'function' || !isDeepStrictEqual(a, b)) expect(a, `at ${path}`).toBe(b)
    } else if (partners.has(b) || (isContainer(a) && partners.has(a))) {
      expect(partners.get(b) === a && partners.get(a as object) === b, `sharing at ${path}`).toBe(
        true,
      )
    } else {
      if (!isContainer(a) || Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) {
        expect(a, `at ${path}`).toStrictEqual(b)
        throw new Error(`not the same kind at ${path}`)
      }
      partners.set(a, b).set(b, a)
      const [parts, others] = [members(a, b), members(b, b)]
      if (parts.length !== others.length)
        expect(parts.length, `members at ${path}`).toBe(others.length)
      for (let i = others.length - 1; i >= 0; i--)
        open.push([parts[i], others[i], path.length < 200 ? `${path}/${i}` : path])
    }
  }
}

async function isRemote(value: unknown, { type }: Expected, path: string): Promise<void> {
  expect(types.isProxy(value), `a remote object at ${path}`).toBe(true)
  const named = await (value as RemoteObject).$type()
  if (type !== undefined) expect(named).toBe(type)
}

/** All that a date from Python says: what is private is not compared. */
function exactly(date: unknown): unknown {
  if (!(date instanceof PythonDate)) return date
  const { fold, zone, offset, microsecond, nanosecond } = date
  return {
    time: date.getTime(),
    text: date.isoformat(),
    fold,
    zone,
    offset,
    microsecond,
    nanosecond,
  }
}

export function isContainer(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || types.isProxy(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return (
    Array.isArray(value) ||
    value instanceof Map ||
    value instanceof Set ||
    prototype === Object.prototype ||
    prototype === null
  )
}

/** The members in order; those of a Set, which has none in Python, in the order of an equal one. */
function members(container: object, like: object): unknown[] {
  if (Array.isArray(container)) return container
  if (container instanceof Map) return [...container].flat(1)
  if (!(container instanceof Set)) return Object.entries(container).flat(1)
  const items = [...container]
  if (container === like || !(like instanceof Set)) return items
  const sorted = [...like].map((item) => {
    const index = items.findIndex((own) => isDeepStrictEqual(own, item))
    return items[index < 0 ? items.findIndex((own) => types.isProxy(own)) : index]
  })
  return new Set(sorted).size === items.length ? sorted : items
}

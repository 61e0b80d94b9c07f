import { types } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Python, PythonError, RemoteObject } from '../../../src/index.ts'
import { Expected } from '../../support/conversions.ts'
import { collect, refusal } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'
import { isContainer, same } from './conversions.ts'

const MODULE = file('mappings.py').pathname
const target = (name: string) => `${MODULE}:${name}`

/** How each kind is made; `since`: the minor version of Python that has it. */
const MAKERS: Record<string, { readonly since: number }> = {
  proxy: { since: 10 },
  'proxy of a proxy': { since: 10 },
  frozendict: { since: 15 },
  'proxy of a frozendict': { since: 15 },
}

const CONTENTS = [
  'nothing',
  'texts',
  'numbers',
  'texts of a subclass',
  'something to call under then',
  'itself',
  'members of a list',
  'scalars',
  'tuples and sets',
  'objects',
  'an array',
  '400 kB',
  'many',
  '5,000 levels',
  '1,500 levels with a date',
  '900 objects',
]

/** Gets a value from Python: made of the content, by the maker. */
type Way = (py: Python, ...made: [content: string, maker: string]) => unknown

/** What a callback is given. */
async function given(give: (look: (value: unknown) => void) => unknown): Promise<unknown> {
  const seen: unknown[] = []
  await give((value) => seen.push(value) && undefined)
  return seen[0]
}

const WAYS: Record<string, Way> = {
  'the result of a call': (py, ...made) => py.run(target('made'), made),
  'the result of a call with exact': (py, ...made) => py.run(target('made'), made, { exact: true }),
  'a copy': (py, ...made) => py.run(target('made'), made, { copy: true }),
  'a copy of depth 1': (py, ...made) => py.run(target('made'), made, { copy: { depth: 1 } }),
  'the result of a coroutine': (py, ...made) => py.run(target('later'), made),
  'the result of a sync call': (py, ...made) => py.sync.run(target('made'), made),
  'a copy of a sync call': (py, ...made) => py.sync.run(target('made'), made, { copy: true }),
  'the result of eval': (py, ...made) =>
    py.eval`${py.import(file('mappings.py'))['made']}(*${made})`,
  'the result of a session': async (py, ...made) => {
    await using session = await py.session()
    return await session.run(target('made'), made)
  },
  'a result of map': async (py, content, maker) =>
    (await collect(py.map(target('made'), [content], { kwargs: { maker } })))[0],
  'an item of an iterator': async (py, ...made) =>
    (await collect(await py.run<AsyncIterable<unknown>>(target('items'), made)))[0],
  'an attribute': async (py, ...made) =>
    (await py.run<RemoteObject>(target('Holder'), made))['value'],
  'the argument of a callback': (py, ...made) =>
    given((look) => py.run(target('give'), [look, ...made])),
  'the keyword argument of a callback': async (py, ...made) =>
    (
      (await given((look) => py.run(target('give_as_keyword'), [look, ...made]))) as {
        value: unknown
      }
    ).value,
  'the argument of a callback in a coroutine': (py, ...made) =>
    given((look) => py.run(target('give_in_coroutine'), [look, ...made])),
  'the argument of a callback in a sync call': (py, ...made) =>
    given((look) => py.sync.run(target('give'), [look, ...made])),
  'JSON text, or why there is none': async (py, ...made) => {
    const value = await py.run(target('made'), made, { copy: true })
    try {
      return JSON.stringify(value, bigintsAsTexts)
    } catch (error) {
      return (error as Error).name
    }
  },
  'the argument and the attribute of an exception': async (py, ...made) => {
    const { type, args, attributes } = (await refusal(() =>
      py.run(target('fail'), made),
    )) as PythonError
    return [type, args, attributes]
  },
}

function bigintsAsTexts(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}

/** What is a dict that cannot be changed crosses as a dict with the same contents does. */
export function mappingSuite(place: Placement): void {
  let py: Python
  const evaluate = <R = unknown>(source: string, options = {}) =>
    py.run<R>(target('evaluate'), [source], options)
  beforeAll(async () => {
    py = await start(place, { workers: 1 })
  })
  afterAll(() => py.close())

  const makers = Object.entries(MAKERS).flatMap(([name, { since }]) =>
    since <= place.version[1] ? [name] : [],
  )
  describe.each(makers)('a %s', (maker) => {
    it.each(Object.entries(WAYS))('crosses as the dict does: %s', async (_, way) => {
      for (const content of CONTENTS) {
        try {
          await same(await way(py, content, maker), pattern(await way(py, content, 'dict')))
        } catch (cause) {
          throw new Error(`of ${content}: ${(cause as Error).message}`, { cause })
        }
      }
    })

    it('is named by its place in the error of a value that JavaScript cannot hold', async () => {
      const refused = (content: string, kind: string) =>
        refusal(() => py.run(target('made'), [content, kind]))
      const { code, path } = await refused('two NaN in a set', 'dict')
      expect(code).toBe('ERR_PYTHREADS_VALUE')
      expect(await refused('two NaN in a set', maker)).toMatchObject({ code, path })
    })
  })

  describe('a MappingProxyType', () => {
    it('is the same object as the dict that it shows', async () => {
      const shared = await evaluate<unknown[]>(
        '(lambda d: [d, Proxy(d), {"a": Proxy(d)}, Proxy(Proxy(d))])({"x": [1]})',
      )
      const [one] = shared
      await same(shared, [one, one, { a: one }, one])
      expect(one).toEqual({ x: [1] })
    })

    it('can be part of a cycle', async () => {
      const cyclic = await evaluate<{ me: unknown }>('filled({}, lambda d: d.update(me=Proxy(d)))')
      expect(cyclic.me).toBe(cyclic)
      const list = await evaluate<[{ list: unknown }]>(
        'filled([], lambda a: a.append(Proxy({"list": a})))',
      )
      expect(list[0].list).toBe(list)
    })

    it('of a dict that many show does not cross many times', async () => {
      const all = await py.run<unknown[]>(target('proxies_of_one'), [5_000, 5_000])
      expect(new Set(all).size).toBe(1)
    })

    it('is the namespace of a class', async () => {
      const names = await evaluate<Record<string, unknown>>(
        'vars(type("C", (), {"number": 5, "texts": ["a"]}))',
      )
      expect(names).toMatchObject({ number: 5, texts: ['a'] })
      await same(names['__dict__'], new Expected('builtins:getset_descriptor'))
    })

    it.each([
      ['Proxy(OrderedDict(a=1))', { a: 1 }],
      ['Proxy(Proxy(OrderedDict(a=1)))', { a: 1 }],
      ['Proxy(defaultdict(list, {1: [2]}))', new Map([[1, [2]]])],
      ['Proxy(Counter("aab"))', { a: 2, b: 1 }],
      ['Proxy(ChainMap({"a": 1}, {"b": 2}))', { b: 2, a: 1 }],
      ['Proxy(UserDict(a=1))', { a: 1 }],
    ])(
      'of what is no dict stays in Python, and is copied where asked for: %s',
      async (source, copy) => {
        const proxy = await evaluate<RemoteObject>(source)
        await same(proxy, new Expected('builtins:mappingproxy'))
        await same(await proxy.toJS(), copy)
        await same(await evaluate(source, { copy: true }), copy)
        await same(await evaluate(`[${source}]`), [new Expected('builtins:mappingproxy')])
        expect(await refusal(() => proxy.$setItem('a', 5))).toMatchObject({ type: 'TypeError' })
      },
    )

    it('runs no method of what it shows, unless it is copied', async () => {
      await same(await evaluate('[Proxy(Table(a=1))]'), [new Expected('builtins:mappingproxy')])
    })

    it('as the value of an Enum is copied with it, to any depth', async () => {
      await same(await evaluate('Choice.PROXY'), new Expected())
      await same(await evaluate('[Node([Choice.PROXY])]', { copy: { depth: 1 } }), [
        { value: [{ a: 1 }] },
      ])
      await same(await evaluate('Choice.OTHER', { copy: true }), { a: 1 })
    })
  })

  describe.runIf(place.version[1] >= 15)('a frozendict', () => {
    it('has an object of its own in each place, and shares what is in it', async () => {
      const [one, other, both] = await evaluate<Record<string, unknown>[]>(
        '(lambda f: [f, f, [f]])(frozen(a=[1]))',
      )
      expect(one).not.toBe(other)
      expect(one?.['a']).toBe(other?.['a'])
      expect(both).toEqual([{ a: [1] }])
      const list = await evaluate<[{ list: unknown }]>(
        'filled([], lambda a: a.append(frozen(list=a)))',
      )
      expect(list[0].list).toBe(list)
    })

    it('that repeats others without measure crosses in bounded time', async () => {
      let value = await py.run<{ a: unknown; b: unknown }>(target('doubled'), [40])
      for (let level = 0; level < 39; level++) value = value.a as typeof value
      expect(value).toEqual({ a: { a: 1 }, b: { a: 1 } })
    })

    it('is a key and a member of a set', async () => {
      await same(await evaluate('{frozen(a=1): 2}'), new Map([[{ a: 1 }, 2]]))
      await same(await evaluate('{(frozen({1: 2}),): 3}'), new Map([[[new Map([[1, 2]])], 3]]))
      await same(await evaluate('{frozen(a=1)}'), new Set([{ a: 1 }]))
      await same(
        await evaluate('frozen({frozen(a=1): frozenset({frozen()})})'),
        new Map([[{ a: 1 }, new Set([{}])]]),
      )
    })

    it('of a subclass stays in Python, and is copied where asked for', async () => {
      const source = 'type("Own", (frozen,), {})(a=frozen(b=1))'
      const own = await evaluate<RemoteObject>(source)
      await same(own, new Expected())
      await same(await own.toJS(), { a: { b: 1 } })
      await same(await evaluate(`Proxy(${source})`, { copy: true }), { a: { b: 1 } })
      await same(await evaluate(`Proxy(${source})`), new Expected('builtins:mappingproxy'))
    })
  })
}

/** The same structure, with what stands for any remote object in the place of each. */
function pattern(value: unknown): unknown {
  const copies = new Map<object, object>()
  const open: [from: object, to: object][] = []
  const copied = (inner: unknown): unknown => {
    if (types.isProxy(inner)) return new Expected()
    if (!isContainer(inner)) return inner
    let copy = copies.get(inner)
    if (copy === undefined) {
      copy = Array.isArray(inner)
        ? []
        : inner instanceof Map
          ? new Map()
          : inner instanceof Set
            ? new Set()
            : {}
      copies.set(inner, copy)
      open.push([inner, copy])
    }
    return copy
  }
  const root = copied(value)
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    const [from, to] = step
    if (Array.isArray(from)) for (const item of from) (to as unknown[]).push(copied(item))
    else if (from instanceof Map)
      for (const [key, item] of from) (to as typeof from).set(copied(key), copied(item))
    else if (from instanceof Set) for (const item of from) (to as typeof from).add(copied(item))
    else for (const [key, item] of Object.entries(from)) define(to, key, copied(item))
  }
  return root
}

function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  })
}

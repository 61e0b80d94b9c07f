import { afterAll, describe, expect, it } from 'vitest'
import type { CallOptions, Python, PythonOptions, RemoteObject } from '../../../src/index.ts'
import { PythonDate } from '../../../src/index.ts'
import { collect, refusal } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'

const MODULE = file('made.py').pathname

type Way = (py: Python, source: string, options?: CallOptions) => Promise<unknown>

/** What a callback gets. */
async function given(give: (look: (value: unknown) => void) => unknown): Promise<unknown> {
  const seen: unknown[] = []
  await give((value) => seen.push(value) && undefined)
  expect(seen.length).toBe(1)
  return seen[0]
}

const run =
  (name: string): Way =>
  (py, source, options = {}) =>
    py.run(`${MODULE}:${name}`, [source], options)
const giving =
  (
    name: string,
    look: (found: (value: unknown) => void) => (value: never) => void = (found) => found,
  ): Way =>
  (py, source) =>
    given((found) => py.run(`${MODULE}:${name}`, [look(found), source]))

/** Ways whose calls have options of their own. */
const CALLS: Readonly<Record<string, Way>> = {
  'the result of a call': run('make'),
  'the result of a coroutine': run('make_later'),
  'a result of map': async (py, source, options) =>
    (await collect(py.map(`${MODULE}:make`, [source], options)))[0],
  'a result of map of coroutines': async (py, source, options) =>
    (await collect(py.map(`${MODULE}:make_later`, [source], options)))[0],
  'the result of a function of a module': async (py, source, options) =>
    await py.import(new URL(`file:${MODULE}`), options).make?.(source),
  'the result of a call of a session': async (py, source, options) => {
    await using session = await py.session()
    return await session.run(`${MODULE}:make`, [source], options)
  },
  'the result of a sync call': async (py, source, options = {}) => {
    const { copy, exact } = options
    return py.sync.run(`${MODULE}:make`, [source], { copy, exact })
  },
  'the result of a coroutine in a sync call': async (py, source, options = {}) => {
    const { copy, exact } = options
    return py.sync.run(`${MODULE}:make_later`, [source], { copy, exact })
  },
}

/** Ways that follow the options of the pool. */
const OTHERS: Readonly<Record<string, Way>> = {
  'the result of eval': (py, source) => py.eval`${MAKE}(${source})`,
  'the result of eval in a session': async (py, source) => {
    await using session = await py.session()
    return await session.eval`${MAKE}(${source})`
  },
  'the result of eval in a sync call': async (py, source) => py.sync.eval`${MAKE}(${source})`,
  'an item of an iterator': async (py, source) => {
    const iterator = await py.run<AsyncIterable<unknown>>(`${MODULE}:items`, [source])
    return (await collect(iterator))[0]
  },
  'an attribute of an object': async (py, source) => {
    const holder = await py.run<RemoteObject>(`${MODULE}:Holder`, [source])
    return await holder.$get('value')
  },
  'an item of an object': async (py, source) => {
    const holder = await py.run<RemoteObject>(`${MODULE}:Holder`, [source])
    return await holder.$item(0)
  },
  'the argument of a callback': giving('give'),
  'the argument of a callback in a coroutine': giving('give_in_coroutine'),
  'the argument of a callback on another thread': giving('give_in_thread'),
  'a keyword argument of a callback': giving(
    'give_keyword',
    (found) =>
      ({ value }: { value: unknown }) =>
        found(value),
  ),
  'the argument of a callback in a sync call': (py, source) =>
    given((found) => py.sync.run(`${MODULE}:give`, [found, source])),
}
/** Stands in `eval` for a function of the module, which finds it by its name in every worker. */
let MAKE: unknown

/** Expressions, each as a plain value. */
const SUBCLASSES: readonly (readonly [source: string, plain: unknown])[] = [
  ['Text("a")', 'a'],
  ['Level.HIGH', 2],
  ['Access.READ', 1],
  ['Letter.A', 'a'],
  ['Real(1.5)', 1.5],
  ['Bytes(b"ab")', new Uint8Array([97, 98])],
  ['[Text("a"), (Level.HIGH, {"k": Real(0.5)})]', ['a', [2, { k: 0.5 }]]],
  ['{Text("a"): Text("b"), "c": Letter.A}', { a: 'b', c: 'a' }],
  ['{Level.HIGH: Text("b"), "c": 1}', new Map<unknown, unknown>([[2, 'b'], ['c', 1]])], // biome-ignore format: one line
  ['{Level.HIGH, Text("a")}', new Set([2, 'a'])],
  ['{(Level.HIGH, Text("a")): 1}', new Map([[[2, 'a'], 1]])],
  ['[Text("x" * 100)] * 3000', Array(3000).fill('x'.repeat(100))],
  [
    '[Text(f"{i:0100}") for i in range(3000)]',
    Array.from({ length: 3000 }, (_, i) => String(i).padStart(100, '0')),
  ],
]

/**
 * Values that are made in Python, in every position, with every option that says how they cross.
 */
export function madeSuite(place: Placement): void {
  describe('a value of Python', () => {
    const pools = new Map<string, Python>()
    const pool = async (options: PythonOptions): Promise<Python> => {
      const key = JSON.stringify(options)
      const known = pools.get(key)
      if (known !== undefined) return known
      const py = await start(place, { workers: 1, ...options })
      pools.set(key, py)
      return py
    }
    const using = async (options: PythonOptions): Promise<Python> => {
      const py = await pool(options)
      MAKE = py.import(new URL(`file:${MODULE}`))['make']
      return py
    }
    afterAll(() => Promise.all(Array.from(pools.values(), (py) => py.close())))

    const every = Object.entries({ ...CALLS, ...OTHERS })

    it.each(every)('of a subclass of str, bytes, int or float is plain as %s', async (_, way) => {
      const py = await using({})
      for (const [source, plain] of SUBCLASSES)
        expect(await way(py, source), source).toStrictEqual(plain)
      const deep = await way(py, 'nested(1500, Text("a"))')
      expect(JSON.stringify(deep)).toBe(`${'['.repeat(1500)}"a"${']'.repeat(1500)}`)
    })

    it.each(every)(
      'of a subclass of datetime is a Date if it has a zone, as %s',
      async (_, way) => {
        const py = await using({})
        const moment = '2024-01-02T03:04:05.678901+01:00'
        const [date, { k }] = (await way(
          py,
          `[Moment.fromisoformat("${moment}"), {"k": Moment(1970, 1, 1, tzinfo=utc)}]`,
        )) as [Date, { k: Date }]
        expect(date).toStrictEqual(PythonDate.of(moment))
        expect(k).toStrictEqual(new Date(0))
        const naive = (await way(py, 'Moment(1970, 1, 1)')) as { $type(): unknown }
        expect(await naive.$type()).toMatch(/:Moment$/)
        const strict = await using({ exact: true })
        const exact = (await way(strict, 'Moment(1970, 1, 1, tzinfo=utc)')) as { $type(): unknown }
        expect(await exact.$type()).toMatch(/:Moment$/)
      },
    )

    it.each(every)(
      'of such a subclass stays in Python in a pool with the option `exact`: as %s',
      async (_, way) => {
        const py = await using({ exact: true })
        for (const [source, type] of [
          ['Text("a")', 'Text'],
          ['Level.HIGH', 'Level'],
          ['Bytes(b"a")', 'Bytes'],
          ['Real(1.5)', 'Real'],
        ] as const) {
          // biome-ignore format: one line
          const [alone] = [await way(py, source)] as [{ $type(): unknown }]
          expect(await alone.$type(), source).toMatch(new RegExp(`:${type}$`))
          const [[inner]] = (await way(py, `[[${source}]]`)) as [[{ $type(): unknown }]]
          expect(await inner.$type()).toMatch(new RegExp(`:${type}$`))
        }
        expect(await way(py, '["a", 1, 1.5]')).toStrictEqual(['a', 1, 1.5])
      },
    )

    it.each(Object.entries(CALLS))(
      'of such a subclass stays in Python with the option `exact` of %s',
      async (_, way) => {
        const py = await using({})
        const text = (await way(py, 'Text("a")', { exact: true })) as {
          toJS(): unknown
          $type(): unknown
        }
        expect(await text.$type()).toMatch(/:Text$/)
        expect(await text.toJS()).toBe('a')
        expect(await way(py, 'Text("a")', { exact: false })).toBe('a')
        expect(await way(py, '[Text("a")]', { exact: true, copy: true })).toStrictEqual(['a'])
        const strict = await using({ exact: true })
        expect(await way(strict, 'Text("a")', { exact: false })).toBe('a')
      },
    )

    it.each(every)('is copied in a pool with the option `copy`: as %s', async (_, way) => {
      const py = await using({ copy: true })
      expect(await way(py, '[Node(1, {"a": SimpleNamespace(b=Node(Text("x")))})]')).toStrictEqual([
        { value: 1, next: { a: { b: { value: 'x', next: null } } } },
      ])
      const shallow = await using({ copy: { depth: 2 } })
      const [top] = (await way(shallow, '[chain(3)]')) as [
        { value: unknown; next: { value: unknown; next: object } },
      ]
      expect([top.value, top.next.value]).toEqual([1, 2])
      expect(String(top.next.next)).toMatch(/SimpleNamespace object/)
    })

    it.each(Object.entries(CALLS))('is copied to a depth by the option of %s', async (_, way) => {
      const py = await using({})
      for (const depth of [1, 3]) {
        let value = await way(py, 'chain(5)', { copy: { depth } })
        for (let level = 1; level <= depth; level++) {
          expect(value).toMatchObject({ value: level })
          value = (value as { next: unknown }).next
        }
        expect(String(value)).toMatch(/object\]$/)
      }
      let value = await way(py, 'chain(900)', { copy: true })
      let levels = 0
      for (; value !== null; levels++) value = (value as { next: unknown }).next
      expect(levels).toBe(900)
    })

    it('that is copied may be cyclic and shared', async () => {
      const py = await using({})
      const source = '(lambda n: [setattr(n, "next", n), n, n][1:])(SimpleNamespace(a=Node(1)))'
      const [first, second] = await py.run<[{ next: unknown }, unknown]>(
        `${MODULE}:make`,
        [source],
        { copy: true },
      )
      expect(first.next).toBe(first)
      expect(second).toBe(first)
    })

    it('is copied without an import of a package that nobody uses', async () => {
      const py = await using({})
      const names = '["numpy", "pandas", "torch", "scipy", "pydantic", "attrs", "attr", "pytz"]'
      const imported = () =>
        py.eval(`[name for name in ${names} if name in __import__("sys").modules]`)
      const before = await imported()
      const source =
        '[Node(1), Text("a"), SimpleNamespace(a=datetime(2024, 1, 1, tzinfo=timezone.utc)), object(), {1}, threading]'
      await py.run(`${MODULE}:make`, [source], { copy: true })
      expect(await imported()).toEqual(before)
    })

    it('is copied by toJS to a depth', async () => {
      const py = await using({})
      const object = await py.run<RemoteObject>(`${MODULE}:make`, ['chain(3)'])
      const { next } = await object.toJS<{ next: object }>({ depth: 1 })
      expect(String(next)).toMatch(/Node object/)
      expect(await object.toJS()).toEqual({
        value: 1,
        next: { value: 2, next: { value: 3, next: null } },
      })
      for (const depth of [0, -1, 1.5, 1001, '1' as unknown as number]) {
        expect(await refusal(() => object.toJS({ depth }))).toMatchObject({
          code: 'ERR_PYTHREADS_OPTION',
        })
      }
    })

    it.each(every)(
      'that is an aware datetime is a Date, which is the same datetime again: as %s',
      async (_, way) => {
        const py = await using({})
        const { zones } = py.import(new URL(`file:${MODULE}`)) as unknown as {
          zones: PromiseLike<string[]>
        }
        for (const zone of await zones) {
          const source = `datetime(2024, 10, 27, 2, 30, 1, 678901, ${zone}, fold=1)`
          const date = (await way(py, source)) as PythonDate
          expect(date instanceof Date && date instanceof PythonDate).toBe(true)
          expect([date.microsecond, date.fold]).toEqual([678901, 1])
          const same = `(lambda d: [d == ${source}, repr(d) == repr(${source}), d.fold, d.utcoffset() == ${source}.utcoffset()])`
          expect(
            await py.eval`(lambda f, d: f(d))(${await py.run(`${MODULE}:make`, [same])}, ${date})`,
          ).toEqual([true, true, 1, true])
        }
        for (const micros of [0, 5000, 5001]) {
          const date = await way(py, `[datetime(2024, 1, 2, 0, 0, 0, ${micros}, timezone.utc)]`)
          expect((date as [Date])[0]).toBeInstanceOf(Date)
          expect(JSON.stringify(date)).toBe(
            `["2024-01-02T00:00:00.00${Math.floor(micros / 1000)}Z"]`,
          )
        }
      },
    )

    it.each(every)(
      'that is a naive datetime is a Date in a pool with the option `naiveDates`: as %s',
      async (_, way) => {
        const source = 'datetime(2024, 10, 27, 2, 30, 1, 678901, fold=1)'
        const repr = 'datetime.datetime(2024, 10, 27, 2, 30, 1, 678901, fold=1)'
        for (const naiveDates of ['utc', 'local'] as const) {
          const py = await using({ naiveDates })
          const [date] = (await way(py, `[${source}]`)) as [PythonDate]
          expect(date).toBeInstanceOf(Date)
          expect(
            naiveDates === 'utc' ? date.getTime() : [date.getHours(), date.getMinutes()],
          ).toEqual(naiveDates === 'utc' ? Date.UTC(2024, 9, 27, 2, 30, 1, 678) : [2, 30])
          expect([date.zone, date.offset, date.isoformat()]).toEqual([
            null,
            null,
            '2024-10-27T02:30:01.678901',
          ])
          expect(await py.run('builtins:repr', [date])).toBe(repr)
          date.setTime(date.getTime() + 1)
          expect(await py.run('builtins:repr', [date])).toMatch(/tzinfo=datetime.timezone.utc/)
        }
        const exact = await using({})
        const scalar = await way(exact, source)
        expect(String(scalar)).toBe('2024-10-27T02:30:01.678901[fold=1]')
        expect(await exact.run('builtins:repr', [scalar])).toBe(repr)
      },
    )

    it.each(['utc', 'local', 'exact'] as const)(
      'that is a date, a time or a timedelta is a PythonScalar with `naiveDates: %s`',
      async (naiveDates) => {
        const py = await using({ naiveDates })
        const values = await py.run<unknown[]>(`${MODULE}:make`, [
          '[date(2024, 1, 2), time(3), timedelta(1), time(3, fold=1)]',
        ])
        expect(values.map(String)).toEqual([
          '2024-01-02',
          '03:00:00',
          'P1DT0.000000S',
          '03:00:00[fold=1]',
        ])
        const same =
          'lambda v: v == [date(2024, 1, 2), time(3), timedelta(1), time(3)] and v[3].fold == 1'
        const isSame = (await py.run(`${MODULE}:make`, [same])) as (
          values: unknown,
        ) => Promise<boolean>
        expect(await isSame(values)).toBe(true)
      },
    )
  })
}

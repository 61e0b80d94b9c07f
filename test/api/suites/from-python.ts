import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  NdArray,
  type Python,
  PythonError,
  PythonScalar,
  type RemoteObject,
} from '../../../src/index.ts'
import { collect, refusal, thrown } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'

const MODULE = file('crossing_out.py').pathname
const RULE = `${MODULE}:rule`
const VALUE = { code: 'ERR_PYTHREADS_VALUE' }

/**
 * What Python makes on its way to JavaScript: it is never taken for a promise, never lost, and
 * refused at its own cost alone.
 */
export function fromPythonSuite(place: Placement): void {
  let py: Python
  const run = <R = unknown>(name: string, ...args: unknown[]) =>
    py.run<R>(`${MODULE}:${name}`, args)
  beforeAll(async () => {
    py = await start(place, { workers: 1, output: () => {} })
  })
  afterAll(() => py.close())

  describe('a dict of Python with something to call under "then"', () => {
    const isRule = (value: unknown) => {
      expect(value).toBeInstanceOf(Map)
      expect([...(value as Map<unknown, unknown>).keys()]).toEqual(['if', 'then'])
      expect(typeof (value as Map<unknown, unknown>).get('then')).toBe('function')
    }

    it('is a Map as a result, however it is asked for', async () => {
      const module = py.import(file('crossing_out.py'))
      isRule(await py.run(RULE))
      isRule(await module['rule']?.())
      isRule(await py.eval`${module['rule']}()`)
      isRule(await run('later', await py.run(RULE)))
      isRule(py.sync.run(RULE))
      isRule(await (async () => py.run(RULE))())
      isRule(await Promise.all([py.run(RULE)]).then(([rule]) => rule))
      await using session = await py.session()
      isRule(await session.run(RULE))
      isRule(await session.eval`${module['rule']}()`)
    })

    it('is a Map as an attribute that is read', async () => {
      const holder = (await py.eval(
        '(lambda c: [setattr(c, "rule", {"if": 1, "then": len}), c][1])(type("C", (), {}))',
      )) as RemoteObject
      isRule(await holder['rule'])
      isRule(await holder.$get('rule'))
    })

    it('is a Map as an item of an iterator and of map', async () => {
      for await (const rule of await run<RemoteObject>('rules')) {
        isRule(rule)
        break
      }
      for (const rule of py.sync.run<Iterable<unknown>>(`${MODULE}:rules`)) {
        isRule(rule)
        break
      }
      expect([
        ...(await run<string[]>('take_log')),
        ...py.sync.run<string[]>(`${MODULE}:take_log`),
      ]).toEqual(['closed', 'closed'])
      // biome-ignore lint/suspicious/noThenProperty: it is what is tested
      const kwargs = { then: py.import('builtins')['len'] }
      const mapped = await collect(py.map('builtins:dict', [{ if: 1 }, { if: 2 }], { kwargs }))
      for (const rule of mapped) isRule(rule)
    })

    it('is a Map as an argument of a callback, which may return it', async () => {
      const seen: unknown[] = []
      const callback = (value: unknown) => {
        seen.push(value)
        return value
      }
      isRule(await py.eval`${callback}({'if': 1, 'then': len})`)
      isRule(await py.eval`${async (value: unknown) => callback(value)}({'if': 1, 'then': len})`)
      isRule(py.sync.eval`${callback}({'if': 1, 'then': len})`)
      for (const value of seen) isRule(value)
    })

    it('is a Map in a copy', async () => {
      const choice = await py.eval<RemoteObject>(
        `__import__('collections').OrderedDict({'if': 1, 'then': len})`,
      )
      isRule(await choice.toJS())
      expect(await py.run(`${MODULE}:Choice`, [], { copy: true })).toBeInstanceOf(Map)
    })

    it('is a Map where a function of JavaScript, or what it threw, is under "then"', async () => {
      const then = () => 1
      expect(await py.eval`{'then': ${then}}`).toEqual(new Map([['then', then]]))
      const throws = () => {
        throw then
      }
      const catching =
        '(lambda f: (exec("try: f()\\nexcept Exception as e: found.append(e)", {"f": f, "found": (found := [])}), found[0])[1])'
      expect(await py.eval`{'then': (${await py.eval(catching)})(${throws})}`).toEqual(
        new Map([['then', then]]),
      )
    })

    it('is an object where "then" cannot be called', async () => {
      // biome-ignore lint/suspicious/noThenProperty: it is what is tested
      expect(await py.eval(`{'if': 1, 'then': 'tea'}`)).toEqual({ if: 1, then: 'tea' })
      expect(await py.eval(`{'then': None, 'x': object()}`)).toHaveProperty('then', null)
    })

    it('has relatives that are no promises: objects and modules with an attribute "then"', async () => {
      const rule = await run<RemoteObject>('Rule')
      expect(await rule).toBe(rule)
      expect('then' in rule).toBe(false)
      expect(await rule.$get('then')).toBeTypeOf('function')
      const module = await py.module('def then(*args): return "tea"', `thenable_${place.isolation}`)
      expect(await module).toBe(module)
      expect(await py.run(`thenable_${place.isolation}:then`)).toBe('tea')
    })
  })

  describe('what is immutable in Python', () => {
    it('is not shared in JavaScript, in plain values and in others', async () => {
      for (const more of ['', ', object()']) {
        const source = `[(lambda t, l: [t, t, l, l${more}])((0, [1], b'x', frozenset({1}), ((1, 2),)), [2])]`
        const [[one, two, list, again]] = (await py.eval(source)) as [
          [unknown[], unknown[], unknown[], unknown[]],
        ]
        expect(list).toBe(again)
        expect(one).toEqual(two)
        expect(one).not.toBe(two)
        expect(one[1]).toBe(two[1]) // a list
        for (const part of [2, 3, 4]) expect(one[part]).not.toBe(two[part])
        expect((one[4] as unknown[])[0]).not.toBe((two[4] as unknown[])[0])
      }
      const order = (await py.eval("{'lines': (), 'notes': ()}")) as {
        lines: unknown[]
        notes: unknown[]
      }
      order.lines.push('tea')
      expect(order.notes).toEqual([])
      const [first, second] = (await py.eval(
        '(lambda d: [d, d])(__import__("datetime").datetime(1970, 1, 1, tzinfo=__import__("datetime").timezone.utc))',
      )) as [Date, Date]
      expect(first).toEqual(second)
      expect(first).not.toBe(second)
    })

    it('is not shared where it occurs 100,000 times', async () => {
      for (const more of ['', ' + [object()]']) {
        const rows = (await py.eval(`[(0, 0)] * 100_000${more}`)) as [number, number][]
        expect(new Set(rows.slice(0, 100_000)).size).toBe(100_000)
      }
    })

    it('does not grow without bound where it holds itself twice, at each of 60 levels', async () => {
      for (const leaf of [0, py.import('builtins')['len']]) {
        let node: unknown = await run('nested_twice', 60, leaf)
        for (let i = 0; i < 60; i++) node = (node as unknown[])[i % 2]
        expect(node === 0 || typeof node === 'function').toBe(true)
      }
    })

    it('is itself within itself', async () => {
      const value = (await py.eval('(lambda t: (t[0].append(t), t)[1])(([],))')) as [unknown[]]
      expect(value[0][0]).toBe(value)
      const other = (await py.eval('(lambda t: (t[0].append(t), t)[1])(([], object()))')) as [
        unknown[],
      ]
      expect((other[0][0] as unknown[])[0]).toBe(other[0])
    })
  })

  describe('what is mutable in Python', () => {
    it('is shared in JavaScript: lists, dicts, sets, bytearrays and arrays', async () => {
      const source = `[[x, x] for x in ([1], {'a': 1}, {1}, bytearray(b'ab'), bytearray(40_000), memoryview(bytearray(b'ab')), __import__('array').array('d', [1]))]`
      for (const [one, two] of (await py.eval(source)) as [object, object][]) expect(one).toBe(two)
    })
  })

  describe('an int of any size', () => {
    it.each([52, 53, 59, 60, 61, 75, 89, 90, 91, 104, 105, 106, 120, 1_000, 100_003])(
      'is the same on both sides: 2 ** %i',
      async (bits) => {
        const power = 2n ** BigInt(bits)
        const integers = [power - 1n, power, power + 1n, -power, -power - 1n, power / 7n]
        const expected = integers.map((int) =>
          int <= 2n ** 53n - 1n && int >= -(2n ** 53n) + 1n ? Number(int) : int,
        )
        expect(
          await py.eval(
            `[2**${bits} - 1, 2**${bits}, 2**${bits} + 1, -2**${bits}, -2**${bits} - 1, 2**${bits} // 7]`,
          ),
        ).toEqual(expected)
        expect(
          await py.eval`${integers} == [2**${bits} - 1, 2**${bits}, 2**${bits} + 1, -2**${bits}, -2**${bits} - 1, 2**${bits} // 7]`,
        ).toBe(true)
      },
    )
  })

  describe('a value that JavaScript cannot hold', () => {
    const names = [
      'nan keys',
      'nan members',
      'keys of one text',
      'members of one text',
      'keys of one text among others',
      'keys of one text beside an object',
    ]

    it.each(names)('is refused with its path, and costs its own call: %s', async (name) => {
      const kept = await py.run<RemoteObject>('collections:deque', [[1]])
      const held = py.stats().replaced
      for (const call of [
        () => run('refused', name),
        () => run('refused_later', name),
        () => py.sync.run(`${MODULE}:refused`, [name]),
      ]) {
        expect(await refusal(call)).toMatchObject(VALUE)
      }
      {
        await using session = await py.session()
        expect(await refusal(() => session.run(`${MODULE}:refused`, [name]))).toMatchObject(VALUE)
      }
      expect(await kept.$length()).toBe(1)
      expect(py.stats().replaced).toBe(held)
    })

    it('says where in the value it is', async () => {
      const error = await refusal(() => py.eval(`{'a': [1, {2: {float('nan'), float('nan')}}]}`))
      expect(error).toMatchObject({ ...VALUE, path: 'value["a"][1][2]' })
    })

    it('is the error of its own item in map, after the results before it', async () => {
      for (const chunk of [1, 5]) {
        const results: unknown[] = []
        const error = await refusal(async () => {
          for await (const result of py.map(`${MODULE}:refused_third`, [1, 2, 3, 4], { chunk }))
            results.push(result)
        })
        expect(error).toMatchObject(VALUE)
        expect(results).toEqual([1, 2])
      }
      const error = await refusal(() =>
        collect(py.map(`${MODULE}:refused_third`, [1, 2, 3, 4], { chunk: 4 })),
      )
      expect(error.path).toBe('result[2]')
    })

    it('closes the generator that gave it', async () => {
      expect(
        await refusal(async () => collect(await run<RemoteObject>('refused_items'))),
      ).toMatchObject(VALUE)
      expect(
        await refusal(() => [...py.sync.run<Iterable<unknown>>(`${MODULE}:refused_items`)]),
      ).toMatchObject(VALUE)
      expect([
        ...(await run<string[]>('take_log')),
        ...py.sync.run<string[]>(`${MODULE}:take_log`),
      ]).toEqual(['closed', 'closed'])
    })

    it.each(['give', 'give_in_thread', 'give_in_coroutine'])(
      'is a ValueError in Python as an argument of a callback: %s',
      async (way) => {
        const kept = await py.run<RemoteObject>('collections:deque', [[1]])
        const bystander = run('later', 'slept')
        const called: unknown[] = []
        const callback = (...args: unknown[]) => called.push(args)
        const later = async (...args: unknown[]) => callback(...args)
        for (const [name, one] of names.flatMap((each) => [
          [each, callback] as const,
          [each, later] as const,
        ])) {
          called.length = 0
          const [type, isTypeError, code, path, answer] = (await run(way, one, name)) as unknown[]
          expect([type, isTypeError, code, answer]).toEqual([
            'RefusedValueError',
            true,
            'ERR_PYTHREADS_VALUE',
            1,
          ])
          expect(path).toMatch(/^args\[1\]\[0\]/)
          expect(called).toEqual([[2, 'fine']])
        }
        expect(await bystander).toBe('slept')
        expect(await kept.$length()).toBe(1)
        expect(py.stats().replaced).toBe(0)
      },
    )

    it.each(['give', 'give_in_thread'])(
      'is a ValueError in Python in a sync call: %s',
      async (way) => {
        for (const name of names) {
          const [type, , , , answer] = py.sync.run<unknown[]>(`${MODULE}:${way}`, [
            (value: unknown) => value,
            name,
          ])
          expect([type, answer]).toEqual(['RefusedValueError', 2])
        }
        expect(py.sync.eval('1 + 1')).toBe(2)
        expect(await py.eval('1 + 1')).toBe(2)
      },
    )

    it('is a ValueError in Python once the sync call is over', async () => {
      const told = await new Promise<unknown[]>((resolve) => {
        py.sync.run(`${MODULE}:give_afterwards`, [(value: unknown) => value, 'nan keys', resolve])
      })
      expect([told[0], told[4]]).toEqual(['RefusedValueError', 2])
      expect(py.sync.eval('1 + 1')).toBe(2)
    })

    it('is a PythonError with the code where Python does not catch it', async () => {
      for (const call of [
        () => run('give_uncaught', () => 1, 'nan keys'),
        () => py.sync.run(`${MODULE}:give_uncaught`, [() => 1, 'nan keys']),
      ]) {
        const error = await refusal(call)
        expect(error).toBeInstanceOf(PythonError)
        expect(error).toMatchObject({ ...VALUE, type: 'RefusedValueError', path: 'args[0][0]' })
        expect((error as PythonError).bases).toContain('builtins:ValueError')
      }
    })

    it('is no trouble in an error, in what is printed, and in a warning', async () => {
      const error = (await refusal(() => run('raises_odd'))) as PythonError
      expect([error.type, error.notes, (error.cause as PythonError).type]).toEqual([
        'OddError',
        ['\ud83d\ude00'],
        'ValueError',
      ])
      await run('shows_refused')
      expect(await run('later', 5)).toBe(5)
      expect(py.stats().replaced).toBe(0)
    })
  })

  describe('bytes that are no frame, in reply to a sync call', () => {
    it.each([
      'no frame',
      'a kind that there is not',
      'a value that is none',
      'a callback without its function',
      'dropped values that are no list',
    ])('end their worker, and not the process or the next worker: %s', async (what) => {
      await using one = await start(place, { workers: 1 })
      const write = (...args: unknown[]) => one.sync.run(`${MODULE}:write_malformed`, args)
      one.sync.run('builtins:id', [() => {}]) // from here on it can be called back
      if (place.isolation === 'process') {
        expect(await refusal(() => write(what))).toMatchObject({ code: 'ERR_PYTHREADS_PROTOCOL' })
        expect(one.sync.eval('1')).toBe(1)
      }
      let error: unknown
      await new Promise<void>((resolve) => {
        try {
          write(what, () => resolve())
        } catch (thrown) {
          error = thrown // the frame came before the call was over
          resolve()
        }
      })
      while (error === undefined) {
        await new Promise((resolve) => setImmediate(resolve)) // until the frame has come
        try {
          one.sync.eval('1')
        } catch (thrown) {
          error = thrown
        }
      }
      expect(error).toMatchObject({
        code: expect.stringMatching('^ERR_PYTHREADS_(WORKER_DIED|PROTOCOL)$'),
      })
      expect(one.sync.eval('1')).toBe(1)
      expect(await one.eval('1')).toBe(1)
    })
  })

  describe('a copy', () => {
    const copy = (source: string) => py.run(`${MODULE}:evaluate`, [source], { copy: true })

    it('of a text by class is a text', async () => {
      expect(
        await copy('[__import__("collections").UserString(t) for t in ("", "a", "ab")]'),
      ).toEqual(['', 'a', 'ab'])
      const text = await py.run<RemoteObject>('collections:UserString', ['ab'])
      expect(await text.toJS()).toBe('ab')
    })

    it.each([
      'Own()',
      'OwnMap()',
      'Lists()',
      'Lazy()',
      'Endless()',
      '[1, Own()]',
      'range(10**30)',
      'range(10**12)',
    ])('of what has no end is refused: %s', async (source) => {
      expect(await refusal(() => copy(source))).toMatchObject(VALUE)
      expect(await py.eval('1')).toBe(1)
    })

    it('has the members that a tuple has, whatever its class says', async () => {
      expect(await copy('EndlessTuple((1, 2))')).toEqual([1, 2])
    })

    it('of keys that would be the same text is refused', async () => {
      expect(await refusal(() => copy('{Text("a"): 1, Text("a"): 2}'))).toMatchObject(VALUE)
      expect(await copy('{Text("a"): 1, Text("b"): 2}')).toEqual({ a: 1, b: 2 })
    })

    it('of subclasses of dates, numbers and ids is the plain value', async () => {
      expect(await copy('MyDatetime(1970, 1, 1, tzinfo=dt.timezone.utc)')).toEqual(new Date(0))
      expect(
        await copy(
          '[MyDatetime(1970, 1, 1), MyDate(1970, 1, 1), MyTime(1, 2), MyTimedelta(1, 2), MyDecimal("1.10"), MyFraction(1, 3), MyUUID(int=5), MyComplex(1, 2)]',
        ),
      ).toEqual([
        new PythonScalar('datetime.datetime', '1970-01-01T00:00:00'),
        new PythonScalar('datetime.date', '1970-01-01'),
        new PythonScalar('datetime.time', '01:02:00'),
        new PythonScalar('datetime.timedelta', 'P1DT2.000000S'),
        new PythonScalar('decimal.Decimal', '1.10'),
        new PythonScalar('fractions.Fraction', '1/3'),
        new PythonScalar('uuid.UUID', '00000000-0000-0000-0000-000000000005'),
        new PythonScalar('complex', '1+2j'),
      ])
    })

    it('of a moment that is none, or is more exact than a datetime, stays in Python', async () => {
      for (const source of ['NotATime(1970, 1, 1)', 'Nanoseconds(1970, 1, 1)']) {
        const object = (await copy(source)) as RemoteObject
        expect(await object.$isInstance(py.import('datetime')['datetime'])).toBe(true)
        expect(await refusal(() => object.toJS())).toMatchObject(VALUE)
      }
    })

    it('of a moment that comes twice says which one it is', async () => {
      const text = '1970-01-01T00:00:00[fold=1]'
      for (const source of ['MyDatetime(1970, 1, 1, fold=1)', 'dt.datetime(1970, 1, 1, fold=1)']) {
        expect(await copy(source)).toEqual(new PythonScalar('datetime.datetime', text))
      }
    })
  })

  describe('exceptions that hold one another several times', () => {
    it('are one error each, at 60 levels', async () => {
      const error = (await refusal(() => run('raise_held', 60))) as PythonError
      let node = error
      for (let i = 0; i < 60; i++) {
        const [one, two] = node.errors as PythonError[]
        expect(one).toBe(two)
        node = one as PythonError
      }
      expect(node.type).toBe('ValueError')
      expect(error.traceback).toContain('HolderError')
      expect(await refusal(() => py.sync.run(`${MODULE}:raise_held`, [60]))).toBeInstanceOf(
        PythonError,
      )
    })

    it('are one error each in an exception group, at 60 levels', async () => {
      const [major, minor] = (await py.eval('list(__import__("sys").version_info)')) as number[]
      const error = (await refusal(() => run('raise_shared', 60))) as PythonError
      expect(error.type).toBe(
        (major as number) * 100 + (minor as number) < 311 ? 'NameError' : 'ExceptionGroup',
      )
      const [one, two] = (error.errors ?? []) as unknown[]
      expect(one).toBe(two)
    })

    it('end where they hold themselves', async () => {
      const error = (await refusal(() => run('raise_cycle'))) as PythonError
      let levels = 0
      for (let at: unknown = error; at instanceof PythonError; at = at.cause) levels++
      expect(levels).toBe(2)
    })

    it('are bounded where they are made without end', async () => {
      expect(await refusal(() => run('raise_fresh'))).toMatchObject({ type: 'FreshError' })
      expect(await py.eval('1')).toBe(1)
    })
  })

  describe('something of Python', () => {
    it('is not changed by delete, defineProperty or "=", which throw', async () => {
      const object = await py.run<RemoteObject>('collections:deque', [[1]])
      const module = py.import('json')
      const all = [
        object,
        module,
        await module,
        module['dumps'],
        object['append'],
        py.sync.import('json'),
        py.sync.run<object>('collections:deque'),
      ]
      for (const one of all as Record<string, unknown>[]) {
        expect(() => delete one['x']).toThrow(TypeError)
        expect(() => Reflect.deleteProperty(one, 'x')).toThrow(TypeError)
        expect(() => Object.defineProperty(one, 'x', { value: 1 })).toThrow(TypeError)
        expect(() => Object.assign(one, { x: 1 })).toThrow(TypeError)
        expect(['x' in one, Object.keys(one)]).toEqual([false, []])
        expect(Object.isFrozen(Object.freeze(one))).toBe(true)
      }
      expect(await object.$length()).toBe(1)
      expect(await thrown(() => object.$delete('x'))).toMatchObject({ type: 'AttributeError' })
      expect(new NdArray({ data: new Float64Array(1), shape: [1] }).size).toBe(1)
    })
  })
}

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Python, PythonError, type RemoteObject } from '../../../src/index.ts'
import { deferred } from '../../support/deferred.ts'
import { javaScriptHolds, pythonHolds } from '../../support/held.ts'
import { refusal, thrown } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'

const FUNCTIONS = file('functions.py').pathname

/** Python in the text of a program: modules, sessions, and values in templates. */
export function inlineSuite(place: Placement): void {
  describe('a module of source text', () => {
    it('is there in every worker', async () => {
      await using py = await start(place, { workers: 3 })
      const rules = await py.module(
        `
        LIMIT = 3
        def score(event):
            return len(event) + LIMIT
        `,
        'inline_rules',
      )
      expect(await rules.score?.('ab')).toBe(5)
      expect(await rules.LIMIT).toBe(3)
      expect(await rules).toBe(rules)
      const all = [0, 1, 2].map((worker) => py.run('inline_rules:score', ['abc'], { worker }))
      expect(await Promise.all(all)).toEqual([6, 6, 6])
      expect(await py.import('inline_rules').score?.('')).toBe(3)
      expect(py.sync.import('inline_rules').score?.('')).toBe(3)
      await py.exec('import inline_rules')
      expect(await py.eval('inline_rules.LIMIT')).toBe(3)
      const results: unknown[] = []
      for await (const result of py.map('inline_rules:score', ['a', 'bb'])) results.push(result)
      expect(results).toEqual([4, 5])
    })

    it('is made again, in the module that is there', async () => {
      await using py = await start(place)
      const first = await py.module('A = 1\nB = 2\ndef f(): return A', 'inline_again')
      await py.exec('import inline_again as again')
      const second = await py.module('A = 10', 'inline_again')
      expect([
        await first.A,
        await second.A,
        await first.B,
        await first.f?.(),
        await py.eval('again.A'),
      ]).toEqual([10, 10, 2, 10, 10])
      await Promise.all(Array.from({ length: 10 }, (_, i) => py.module(`A = ${i}`, 'inline_again')))
      expect(
        await Promise.all(
          [0, 1].map((worker) =>
            py.run('builtins:eval', ['__import__("inline_again").A'], { worker }),
          ),
        ),
      ).toEqual([9, 9])
    })

    it('that has a syntax error says where, and changes nothing', async () => {
      await using py = await start(place)
      await py.module('A = 1', 'inline_syntax')
      const error = (await refusal(() =>
        py.module('A = 2\n  def f(:\n', 'inline_syntax'),
      )) as PythonError
      expect(error).toBeInstanceOf(PythonError)
      expect(error.bases).toContain('builtins:SyntaxError')
      expect(error.place).toMatchObject({ file: expect.stringContaining('inline_syntax'), line: 2 })
      expect(await py.import('inline_syntax').A).toBe(1)
      expect(await refusal(() => py.module('x = (', 'inline_never'))).toMatchObject({
        type: 'SyntaxError',
      })
      expect(await refusal(() => py.import('inline_never'))).toMatchObject({
        code: 'ERR_PYTHREADS_MODULE_NOT_FOUND',
      })
    })

    it('that raises is not there', async () => {
      await using py = await start(place)
      const error = await refusal(() =>
        py.module('B = 1\nraise LookupError("at the end")', 'inline_raises'),
      )
      expect(error).toMatchObject({ type: 'LookupError', code: 'ERR_PYTHREADS_PYTHON' })
      expect((error as PythonError).frames.at(-1)).toMatchObject({
        line: 2,
        source: 'raise LookupError("at the end")',
      })
      expect(await refusal(() => py.import('inline_raises'))).toMatchObject({
        code: 'ERR_PYTHREADS_MODULE_NOT_FOUND',
      })
      expect(await (await py.module('B = 2', 'inline_raises')).B).toBe(2)
    })

    it('whose name is that of another module, or no name, is refused', async () => {
      await using py = await start(place)
      await py.import('json')
      await py.import(file('functions.py'))
      for (const name of ['json', 'sys', 'builtins', 'math', 'colorsys', 'functions']) {
        expect(await refusal(() => py.module('A = 1', name))).toMatchObject({
          code: 'ERR_PYTHREADS_ARGUMENT',
        })
      }
      for (const name of ['', 'a.b', 'a b', '1a', 'a-b', 5 as never, undefined as never]) {
        expect(await refusal(() => py.module('A = 1', name))).toMatchObject({
          code: 'ERR_PYTHREADS_ARGUMENT',
        })
      }
      expect(await refusal(() => py.module(5 as never, 'inline_number'))).toMatchObject({
        code: 'ERR_PYTHREADS_ARGUMENT',
      })
      expect(await py.import('json').dumps?.([1])).toBe('[1]')
      expect(await py.import('colorsys').rgb_to_hsv?.(0, 0, 0)).toEqual([0, 0, 0])
    })

    it('defines classes whose objects can be held, and functions that call back', async () => {
      await using py = await start(place, { workers: 1 })
      const made = await py.module(
        `
        import dataclasses
        @dataclasses.dataclass
        class Pair:
            a: int
            b: int
        def apply(f, *args):
            return f(*args)
        async def later(f):
            return await f()
        `,
        'inline_classes',
      )
      expect(await (await made.Pair(1, 2)).toJS()).toEqual({ a: 1, b: 2 })
      expect(await made.apply?.((x: number) => x + 1, 1)).toBe(2)
      expect(await made.later?.(async () => 'awaited')).toBe('awaited')
      expect(await (await made.Pair(1, 2)).$type()).toBe('inline_classes:Pair')
      await javaScriptHolds(py, 0)
      await pythonHolds(py, 0)
    })

    if (place.isolation === 'process') {
      it('is there in workers that come later', async () => {
        await using py = await start(place, { workers: 1 })
        await py.module('A = 1', 'inline_later')
        await py.module('A = 2', 'inline_later')
        await refusal(() => py.module('raise ValueError()', 'inline_failed'))
        expect(await refusal(() => py.eval('__import__("os")._exit(1)'))).toMatchObject({
          code: 'ERR_PYTHREADS_WORKER_DIED',
        })
        expect(await py.import('inline_later').A).toBe(2)
        expect(py.stats()).toMatchObject({ replaced: 1 })
      })
    }
  })

  describe('a session', () => {
    it('has variables of its own', async () => {
      await using py = await start(place)
      await py.exec('shared = "of the pool"')
      await using a = await py.session()
      await using b = await py.session()
      expect(a.worker).not.toBe(b.worker)
      await Promise.all([a.exec('x = 1'), b.exec('x = 2')])
      await a.exec`x += ${10}`
      expect(await Promise.all([a.eval('x'), b.eval('x')])).toEqual([11, 2])
      expect(await refusal(() => a.eval('shared'))).toMatchObject({ type: 'NameError' })
      await a.exec`
        def f(y):
            return x + y
      `
      expect(await a.eval`f(${1})`).toBe(12)
      expect(await a.eval`[x + y for y in ${[1, 2]}]`).toEqual([12, 13])
      expect(await a.run('math:sqrt', [4])).toBe(2)
      expect(await a.import('math').sqrt?.(9)).toBe(3)
      expect(await a.import('math').pi).toBeCloseTo(3.14, 2)
      expect(await refusal(() => a.exec('raise LookupError("here")'))).toMatchObject({
        type: 'LookupError',
      })
      expect(await a.eval('x')).toBe(11)
    })

    it('forgets its variables when it is closed, and gives its worker back', async () => {
      await using py = await start(place, { workers: 1 })
      const first = await py.session()
      await first.exec('x = 1')
      await first.exec`f = ${() => 1}`
      expect(py.stats().callbacks).toBe(1)
      await first.close()
      await first.close()
      const closed = { code: 'ERR_PYTHREADS_CLOSED' }
      expect(await refusal(() => first.eval('x'))).toMatchObject(closed)
      expect(await refusal(() => first.exec('x'))).toMatchObject(closed)
      expect(await refusal(() => first.run('math:sqrt', [4]))).toMatchObject(closed)
      await pythonHolds(py, 0)
      await using second = await py.session()
      expect(await refusal(() => second.eval('x'))).toMatchObject({ type: 'NameError' })
    })

    it('has its worker to itself: other calls go to the others, or wait', async () => {
      await using py = await start(place)
      const session = await py.session()
      const { ident } = { ident: '__import__("threading").get_ident(), __import__("os").getpid()' }
      const mine = await session.eval(ident)
      const others = await Promise.all(Array.from({ length: 50 }, () => py.eval(ident)))
      expect(others).not.toContainEqual(mine)
      expect(await session.eval(ident)).toEqual(mine)
      const second = await py.session()
      let third = false
      const waiting = py.session().then((granted) => {
        third = true
        return granted
      })
      const call = py.eval('1')
      expect(await session.eval('1')).toBe(1)
      expect(third).toBe(false)
      await second.close()
      await session.close()
      expect(await call).toBe(1)
      await using last = await waiting
      expect(await last.eval('2')).toBe(2)
    })

    it('of a pool of one worker lets calls and sessions wait, in their order', async () => {
      await using py = await start(place, { workers: 1 })
      const order: string[] = []
      const first = await py.session()
      const call = py.eval('1').then(() => order.push('call'))
      const second = py.session().then(async (session) => {
        order.push('session')
        await session.close()
      })
      const after = py.eval('2').then(() => order.push('after'))
      expect(await first.eval('3')).toBe(3)
      expect(order).toEqual([])
      await first.close()
      await Promise.all([call, second, after])
      expect(order.slice(0, 2).toSorted()).toEqual(['call', 'session'])
      expect(order[2]).toBe('after')
    })

    it('many at once get each a turn', async () => {
      await using py = await start(place)
      const results = await Promise.all(
        Array.from({ length: 40 }, async (_, i) => {
          await using session = await py.session()
          await session.exec`x = ${i}`
          await session.exec('x *= 2')
          return session.eval<number>('x')
        }),
      )
      expect(results).toEqual(Array.from({ length: 40 }, (_, i) => i * 2))
      expect(await py.eval('1')).toBe(1)
    })

    it('has objects that outlive it, callbacks and coroutines', async () => {
      await using py = await start(place)
      const session = await py.session()
      await session.exec`
        import asyncio
        class C:
            def __init__(self): self.value = 5
        async def later(f):
            return await f()
        things = C()
      `
      const object = await session.eval<RemoteObject>('things')
      expect(await session.eval`${(x: number) => x + 1}(1)`).toBe(2)
      expect(await session.eval`later(${async () => session.eval('things.value')})`).toBe(5)
      expect(await session.eval`${() => session.eval('things.value')}()`).toBe(5)
      expect(await session.eval`${object} is things`).toBe(true)
      await session.close()
      expect(await object.value).toBe(5)
    })

    it.each(['close', 'destroy'] as const)(
      'that waits is refused when the pool is ended by %s()',
      async (end) => {
        const py = await start(place, { workers: 1 })
        const session = await py.session()
        await session.exec('x = 1')
        const waiting = refusal(() => py.session())
        await py[end]()
        const codes = ['ERR_PYTHREADS_CLOSED', 'ERR_PYTHREADS_DESTROYED']
        expect(codes).toContain((await waiting).code)
        expect(codes).toContain((await refusal(() => py.session())).code)
        expect(['ERR_PYTHREADS_WORKER_DIED', ...codes]).toContain(
          (await refusal(() => session.eval('x'))).code,
        )
        await session.close()
      },
    )

    if (place.isolation === 'process') {
      it('whose worker dies says so, and others go on', async () => {
        await using py = await start(place, { workers: 1 })
        const session = await py.session()
        await session.exec('x = 1')
        const died = { code: 'ERR_PYTHREADS_WORKER_DIED' }
        expect(await refusal(() => session.eval('__import__("os")._exit(1)'))).toMatchObject(died)
        expect(await refusal(() => session.eval('x'))).toMatchObject(died)
        expect(await py.eval('1')).toBe(1)
        expect(await refusal(() => session.eval('x'))).toMatchObject(died)
        await using fresh = await py.session()
        await session.close()
        await fresh.exec('x = 2')
        expect(await fresh.eval('x')).toBe(2)
      })
    }
  })

  describe('a template', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place, { workers: 1 })
    })
    afterAll(() => py.close())

    it('takes functions, objects and iterables as values', async () => {
      const object = (await py.eval('iter([1, 2])')) as RemoteObject
      expect(await py.eval`next(${object}) + ${(x: number) => x * 10}(2)`).toBe(21)
      expect(
        await py.eval`[f(1) for f in ${[(x: number) => x + 1, (x: number) => x + 2]}]`,
      ).toEqual([2, 3])
      expect(await py.eval`${py.import('math').sqrt}(${4})`).toBe(2)
      expect(await py.eval`${py.import('math')}.pi`).toBeCloseTo(3.14, 2)
      expect(await py.eval`sum(${[1, 2, 3].values()})`).toBe(6)
      expect(await py.eval`(lambda: ${1} + ${2})()`).toBe(3)
      const mine = new Error('mine')
      const fails = () => {
        throw mine
      }
      expect(await thrown(() => py.eval`${fails}()`)).toBe(mine)
      expect(await thrown(() => py.exec`${fails}()`)).toBe(mine)
    })

    it('of exec keeps its values, as functions may need them later', async () => {
      let calls = 0
      await py.exec`
        def notify(value):
            return ${(value: unknown) => [++calls, value]}(value)
      `
      expect(await py.eval('notify("a")')).toEqual([1, 'a'])
      expect(await py.eval('notify("b")')).toEqual([2, 'b'])
      await using two = await start(place)
      await two.exec`on_call = ${() => ++calls}`
      expect(
        new Set(await Promise.all(Array.from({ length: 4 }, () => two.eval('on_call()')))),
      ).toEqual(new Set([3, 4, 5, 6]))
    })

    if (place.isolation === 'process') {
      it('of exec brings its functions to workers that come later', async () => {
        await using one = await start(place, { workers: 1 })
        await one.exec`greet = ${(name: string) => `hello ${name}`}`
        expect(await one.eval('greet("a")')).toBe('hello a')
        await refusal(() => one.eval('__import__("os")._exit(1)'))
        expect(await one.eval('greet("b")')).toBe('hello b')
        expect(one.sync.eval('greet("c")')).toBe('hello c')
      })
    }

    it('works in a sync call', () => {
      expect(py.sync.eval`${(x: number) => x + 1}(${5})`).toBe(6)
      py.sync.exec`twice = ${(x: number) => x * 2}`
      expect(py.sync.eval('twice(4)')).toBe(8)
      const object = py.sync.eval('[1].__iter__()')
      expect(py.sync.eval`next(${object})`).toBe(1)
    })

    it('with an object of exec goes to the worker where it is, and is refused by the others', async () => {
      await using two = await start(place)
      const object = await two.eval<RemoteObject>('iter([1])')
      if (place.isolation === 'thread') {
        await two.exec`mine = ${object}`
        expect(await two.eval`mine is ${object}`).toBe(true)
      } else {
        expect(await refusal(() => two.exec`mine = ${object}`)).toMatchObject({
          code: 'ERR_PYTHREADS_OTHER_WORKER',
        })
      }
      expect(await two.eval('1')).toBe(1)
    })

    it('is evaluated while a callback of it runs another one', async () => {
      const [inner, outer] = [deferred<string>(), deferred<string>()]
      const answer = py.eval`(${async () => {
        outer.resolve(await py.eval`${async () => inner.promise}()`)
        return outer.promise
      }}())`
      inner.resolve('inner')
      expect(await answer).toBe('inner')
      expect(await py.run(`${FUNCTIONS}:apply`, [() => 1])).toBe(1)
    })
  })
}

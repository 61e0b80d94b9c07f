import { describe, expect, it } from 'vitest'
import { allReturned } from '../../support/arrays.ts'
import { type Placement, start } from '../../support/placement.ts'

/**
 * What `exec` and a session define is of a module that Python finds: dataclasses, pickle and others
 * look there.
 */
export function namespaceSuite(place: Placement): void {
  const SOURCE = `
    from __future__ import annotations
    import collections, dataclasses, enum, functools, inspect, pickle, sys, typing

    class Colour(enum.Enum):
        RED = 1

    @dataclasses.dataclass
    class Point:
        x: int
        colour: typing.ClassVar[Colour] = Colour.RED

    class Pair(typing.NamedTuple):
        first: Point
        second: int

    Plain = collections.namedtuple('Plain', 'a b')

    @functools.singledispatch
    def show(value): return 'anything'

    @show.register
    def _(value: Point): return f'point {value.x}'

    def double(x: int) -> Point: return Point(2 * x)

    def look():
        again = lambda value: pickle.loads(pickle.dumps(value))
        return [
            [field.name for field in dataclasses.fields(Point)],
            again(Point(3)).x,
            again(Colour.RED) is Colour.RED,
            again(Pair(Point(1), 2)).second,
            again(Plain(1, 2)).b,
            again(double)(4).x,
            show(Point(5)),
            sorted(typing.get_type_hints(double)),
            typing.get_type_hints(Pair)['first'] is Point,
            inspect.getsource(double).strip(),
            inspect.getsource(Point).splitlines()[0],
            inspect.getmodule(double) is sys.modules[__name__],
            Point.__module__ == __name__,
        ]
  `
  const SEEN = [
    ['x'],
    3,
    true,
    2,
    2,
    8,
    'point 5',
    ['return', 'x'],
    true,
    'def double(x: int) -> Point: return Point(2 * x)',
    '@dataclasses.dataclass',
    true,
    true,
  ]

  describe('the module of exec', () => {
    it('is there for what it defines, in the pool and in a session', async () => {
      await using py = await start(place)
      await py.exec(SOURCE)
      expect(await py.eval('look()')).toEqual(SEEN)
      await using session = await py.session()
      await session.exec(SOURCE)
      expect(await session.eval('look()')).toEqual(SEEN)
    })

    it('is another one for each pool and session, and goes with it', async () => {
      await using py = await start(place, { workers: 1 })
      const names = () =>
        py.eval<string[]>(
          'sorted(name for name in __import__("sys").modules if name.startswith("__pythreads_"))',
        )
      const own = await py.eval<string>('__name__')
      const before = await names()
      expect(before).toContain(own)
      {
        await using one = await py.session()
        await one.exec('value = 1')
        const name = await one.eval<string>('__name__')
        expect(name).not.toBe(own)
        expect(await one.eval('__import__("sys").modules[__name__].value')).toBe(1)
      }
      expect(await names()).toEqual(before)
      {
        await using other = await start(place, { workers: 1 })
        await other.exec('value = 2')
        if (place.isolation === 'thread') expect(await other.eval('__name__')).not.toBe(own)
        expect(await names()).toHaveLength(before.length + (place.isolation === 'thread' ? 1 : 0))
        expect(await py.eval('"value" in globals()')).toBe(false)
      }
    })

    it('goes with its pool though a function of JavaScript among its variables leads back to it', async () => {
      await using py = await start(place, { workers: 1 })
      const names = () =>
        py.eval<string[]>(
          'sorted(name for name in __import__("sys").modules if name.startswith("__pythreads_"))',
        )
      const before = await names()
      // 3.13 without a GIL never frees functions, nor what they see.
      const held = place.name.includes('without') ? [() => 1] : [() => 1, new Float64Array(100)]
      {
        await using other = await start(place, { workers: 1 })
        await other.exec`held = ${held}`
      }
      expect(await names()).toEqual(before)
      await allReturned(py)
    })

    it('has a file while one text is all that it has', async () => {
      await using py = await start(place, { workers: 1 })
      await py.exec('class One:\n    pass')
      expect(await py.eval('__import__("inspect").getsource(One)')).toBe('class One:\n    pass')
      await py.exec('class Two:\n    other = 1')
      expect(await py.eval('"__file__" in globals()')).toBe(false)
      await py.exec('__file__ = "mine"')
      await py.exec('pass')
      expect(await py.eval('__file__')).toBe('mine')
    })

    it('shows the lines of its own pool in tracebacks', async () => {
      await using one = await start(place, { workers: 1 })
      await using other = await start(place, { workers: 1 })
      await one.exec('def fail(): raise ValueError("one")')
      await other.exec('def fail(): raise ValueError("other")')
      const sources = [one, other].map((py) =>
        py.eval('fail()').catch((error) => error.frames.at(-1).source),
      )
      expect(await Promise.all(sources)).toEqual([
        'def fail(): raise ValueError("one")',
        'def fail(): raise ValueError("other")',
      ])
    })
  })

  describe('text without a file name', () => {
    it('has no source, rather than one of the kernel', async () => {
      await using py = await start(place, { workers: 1 })
      const frames = await py.run('builtins:exec', ['total = 1 / 0']).catch((error) => error.frames)
      expect((frames as unknown[]).at(-1)).toMatchObject({
        file: '<string>',
        line: 1,
        function: '<module>',
        source: '',
      })
      expect(await py.eval('__import__("linecache").getlines("<string>")')).toEqual([])
    })
  })
}

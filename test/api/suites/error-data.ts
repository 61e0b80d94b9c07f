import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Python, PythonError, type RemoteObject } from '../../../src/index.ts'
import { collect, refusal } from '../../support/outcome.ts'
import { type Placement, start } from '../../support/placement.ts'

const FAILS = `
import enum

class Status(enum.IntEnum):
    GONE = 410

class Text(str):
    def __str__(self):
        raise RuntimeError("of a text")

class Response:
    status_code = 404
    headers = {"retry-after": "3"}
    @property
    def bad(self):
        raise RuntimeError("of a property")

class HttpError(Exception):
    code = "E_HTTP"
    category = Status.GONE
    _private = 1
    def method(self):
        pass
    @property
    def computed(self):
        return "computed"
    def __init__(self, *args):
        super().__init__(*args)
        self.response = Response()
        self.items = [1, {"a": (True, None, b"x")}]
        self.text = Text("text")
        self.huge = "x" * 1_000_000
        self.cyclic = []
        self.cyclic.append(self.cyclic)
        self._hidden = 2

class Slotted(Exception):
    __slots__ = ("number",)

class Nasty(Exception):
    def __getattribute__(self, name):
        if name.startswith("__"):
            return super().__getattribute__(name)
        raise RuntimeError("of an attribute")

def http(*args):
    raise HttpError(*args)

def slotted():
    error = Slotted("s")
    error.number = 5
    raise error

def nasty():
    raise Nasty("n")

def keys():
    error = ValueError("keys")
    error.good = {"a": {1: "one"}, "s": {"x", "y"}}
    error.floats = {float("nan"): 1, float("nan"): 2}
    error.surrogates = {"\\ud800": 1}
    error.sets = {frozenset({1, 2})}
    setattr(error, "\\ud800", 1)
    raise error

def caused():
    try:
        http("inner")
    except HttpError as error:
        raise ValueError("outer") from error

async def awaited():
    http("awaited")
`

/** What an exception has of its own. */
export function errorDataSuite(place: Placement): void {
  describe('the data of an exception', () => {
    let py: Python
    beforeAll(async () => {
      const attributes = [
        'response.status_code',
        'response.headers.retry-after',
        'items.1.a',
        'computed',
        'response.bad',
        'no.such',
      ]
      py = await start(place, { workers: 1, errors: { attributes, exception: true } })
      await py.module(FAILS, 'fails_with_data')
    })
    afterAll(() => py.close())

    async function raised(call: () => unknown): Promise<PythonError> {
      const error = await refusal(call)
      if (error instanceof PythonError) return error
      throw error
    }
    const fails = (name: string, ...args: unknown[]) =>
      raised(() => py.run(`fails_with_data:${name}`, args))

    it('is its arguments, with undefined for those that are not plain', async () => {
      expect((await fails('http')).args).toEqual([])
      expect((await fails('http', 'a', 1, [null, { b: true }])).args).toEqual([
        'a',
        1,
        [null, { b: true }],
      ])
      expect(
        (await raised(() => py.eval('(_ for _ in ()).throw(ValueError(object(), None))'))).args,
      ).toEqual([undefined, null])
      expect((await raised(() => py.run('builtins:int', ['x']))).args).toEqual([
        "invalid literal for int() with base 10: 'x'",
      ])
    })

    it('is its plain attributes, those of its class and of built-in exceptions too', async () => {
      const { attributes } = await fails('http', 'a')
      expect(attributes).toMatchObject({
        code: 'E_HTTP',
        category: 410,
        items: [1, { a: [true, null, new Uint8Array([120])] }],
        text: 'text',
      })
      for (const name of ['response', 'huge', 'cyclic', '_hidden', '_private', 'method', 'args'])
        expect(attributes).not.toHaveProperty(name)
      expect(
        (await raised(() => py.run('builtins:open', ['/no/such/file']))).attributes,
      ).toMatchObject({
        errno: 2,
        filename: '/no/such/file',
      })
      expect((await raised(() => py.run('sys:exit', [3]))).attributes).toEqual({ code: 3 })
      expect((await fails('slotted')).attributes).toEqual({ number: 5 })
      expect((await raised(() => py.eval('1 / 0'))).attributes).toEqual({})
    })

    it('is what the paths of the pool name', async () => {
      const { attributes } = await fails('http', 'a')
      expect(attributes['response.status_code']).toBe(404)
      expect(attributes['response.headers.retry-after']).toBe('3')
      expect(attributes['items.1.a']).toEqual([true, null, new Uint8Array([120])])
      expect(attributes['computed']).toBe('computed')
      expect(attributes).not.toHaveProperty(['response.bad'])
      expect(attributes).not.toHaveProperty(['no.such'])
    })

    it('never takes the place of the exception', async () => {
      expect(await fails('nasty')).toMatchObject({ type: 'Nasty', attributes: {} })
      const { type, attributes } = await fails('keys')
      expect(type).toBe('ValueError')
      expect(attributes).toEqual({ good: { a: new Map([[1, 'one']]), s: new Set(['x', 'y']) } })
    })

    it('is there for causes, coroutines, items of map, sync calls and sessions', async () => {
      expect((await fails('caused')).cause).toMatchObject({
        args: ['inner'],
        attributes: { code: 'E_HTTP' },
      })
      const whole = {
        args: ['awaited'],
        attributes: { code: 'E_HTTP', 'response.status_code': 404 },
      }
      expect(await fails('awaited')).toMatchObject(whole)
      const item = await raised(() => collect(py.map('fails_with_data:http', ['awaited'])))
      expect(item).toMatchObject({ ...whole, index: 0 })
      expect(await raised(() => py.sync.run('fails_with_data:http', ['awaited']))).toMatchObject(
        whole,
      )
      await using session = await py.session()
      expect(await raised(() => session.run('fails_with_data:http', ['awaited']))).toMatchObject(
        whole,
      )
    })

    it('is the exception itself, as a remote object', async () => {
      const { exception } = await fails('http', 'a')
      expect(await py.eval`${exception}.response.status_code`).toBe(404)
      expect(await py.eval`isinstance(${exception}, Exception)`).toBe(true)
      const item = await raised(() => collect(py.map('fails_with_data:http', ['b'])))
      expect(await (item.exception as RemoteObject)['args']).toEqual(['b'])
    })

    it('is not read and not kept by a pool without the option', async () => {
      await using other = await start(place, { workers: 1 })
      await other.module(FAILS, 'fails_with_data')
      const error = await raised(() => other.run('fails_with_data:http', ['a']))
      expect(error.exception).toBe(undefined)
      expect(error.attributes).not.toHaveProperty(['response.status_code'])
      expect(other.stats().objects).toBe(0)
    })

    it('has its frames in the form of V8, with the column', async () => {
      const error = await fails('http', 'a')
      const [frame] = error.frames.slice(-1)
      expect(frame).toMatchObject({ function: 'http', line: 47 })
      expect(frame?.column).toBe(5)
      expect(error.stack?.split('\n')[1]).toBe(
        '    at http (<pythreads module fails_with_data>:47:5)',
      )
      expect((await fails('caused')).cause).toMatchObject({
        stack: expect.stringMatching(
          /^PythonError \[HttpError\]: inner\n {4}at http \(.*:47:5\)\n {4}at caused \(.*:\d+:\d+\)$/,
        ),
      })
      const wide = await raised(() => py.eval("'\u{1f600}é' + 1 if 1 else 0"))
      expect(wide.frames.at(-1)?.line).toBe(1)
      expect(wide.stack).toMatch(/ {4}at <lambda> \(<pythreads eval>:1:\d+\)/)
    })
  })
}

import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Python, PythonError } from '../../../src/index.ts'
import { collect, refusal } from '../../support/outcome.ts'
import { type Placement, start } from '../../support/placement.ts'
import { Places } from '../../support/places.ts'

/**
 * Finding modules: by name, by file, in folders of the option `path`; and what is said when they
 * are not there.
 */
export function moduleSuite(place: Placement): void {
  describe('a module', () => {
    let py: Python
    const places = new Places()
    beforeAll(async () => {
      places.file('app/main.py', 'import helper\n\n\ndef answer():\n    return helper.VALUE\n')
      places.file('app/helper.py', 'VALUE = "the sibling"\n')
      places.file(
        'app/json.py',
        'KIND = "not the json of the standard library"\n\n\ndef dumps(value):\n    return KIND\n',
      )
      places.file(
        'app/uses_json.py',
        'import json\n\n\ndef dumps(value):\n    return json.dumps(value)\n',
      )
      places.file('other/main.py', 'def answer():\n    return "another main"\n')
      places.file('sp ace/é/ünï.py', 'def where():\n    return __file__\n')
      const count = 'builtins.loads = getattr(builtins, "loads", 0) + 1'
      places.file(
        'counted.py',
        `import builtins\nimport time\n\n${count}\ntime.sleep(0.1)\nloads = builtins.loads\n`,
      )
      places.file('classes.py', 'class Held:\n    pass\n')
      places.file(
        'preloaded.py',
        'made = []\n\n\ndef set_up(how="set up"):\n    made.append(how)\n',
      )
      places.file('colon:in name.py', 'def answer():\n    return "colon"\n')
      places.file('broken/syntax.py', 'def f(:\n')
      places.file('broken/raises.py', 'raise LookupError("at import")\n')
      places.file('broken/needs.py', 'import there_is_no_such_module\n')
      places.file('broken/opens.py', 'open("/there/is/no/such/file.py")\n')
      places.file('broken/exits.py', 'import sys\n\nsys.exit(3)\n')
      places.file('folder/first.py', 'NAME = "first of path"\n')
      places.file('second/first.py', 'NAME = "second of path"\n')
      places.file('package/inner/__init__.py', 'from . import part\n')
      places.file('package/inner/part.py', 'VALUE = 5\n')
      py = await start(place, {
        path: [places.path('folder'), places.path('second'), places.path('package')],
      })
    })
    afterAll(async () => {
      await py.close()
      places[Symbol.dispose]()
    })

    it('is a file that is given by URL, or by path', async () => {
      expect(await py.import(pathToFileURL(places.path('app', 'main.py'))).answer?.()).toBe(
        'the sibling',
      )
      expect(await py.import(places.path('app', 'main.py')).answer?.()).toBe('the sibling')
      expect(await py.run(`${places.path('app', 'main.py')}:answer`)).toBe('the sibling')
      expect(await py.run(`${places.path('other', 'main.py')}:answer`)).toBe('another main')
      expect(await py.run(`${places.path('app', 'main.py')}:answer`)).toBe('the sibling')
    })

    it('is a file that is given by URL wherever a target is taken, with the attribute behind # or :', async () => {
      const url = (name: string) => new URL(name, pathToFileURL(`${places.path('app')}/`))
      expect(await py.run(url('main.py#answer'))).toBe('the sibling')
      expect(await py.run(url('./main.py:answer'))).toBe('the sibling')
      expect(await py.run(`${url('main.py')}:answer`)).toBe('the sibling')
      expect(await collect(py.map(url('json.py#dumps'), [[1], [2]]))).toEqual(
        Array(2).fill('not the json of the standard library'),
      )
      expect(
        await py.className(pathToFileURL(places.path('classes.py')).href.concat('#Held')),
      ).toMatch(/^classes:Held$/)
      await using session = await py.session()
      expect(await session.run(url('main.py#answer'))).toBe('the sibling')
      expect(await session.import(url('main.py')).answer?.()).toBe('the sibling')
      expect(py.sync.run(url('main.py#answer'))).toBe('the sibling')
      expect(py.sync.import(url('main.py').href).answer?.()).toBe('the sibling')
      const missing = { code: 'ERR_PYTHREADS_ATTRIBUTE_NOT_FOUND' }
      expect(await refusal(() => py.run(url('main.py#nothing')))).toMatchObject(missing)
    })

    it('is preloaded, and initializes the workers, by URL', async () => {
      const url = pathToFileURL(places.path('preloaded.py'))
      const options = {
        preload: [url],
        initialize: new URL('#set_up', url),
        path: [pathToFileURL(places.path('folder'))],
      }
      await using own = await start(place, { ...options, workers: 1 })
      expect(await own.eval('[__import__("preloaded").made, __import__("first").NAME]')).toEqual([
        ['set up'],
        'first of path',
      ])
      await using other = await start(place, {
        initialize: { target: new URL('#set_up', url), args: ['by hand'] },
        workers: 1,
      })
      expect(await other.eval('__import__("preloaded").made[-1]')).toBe('by hand')
    })

    it('is a file with any name', async () => {
      const path = places.path('sp ace', 'é', 'ünï.py')
      expect(await py.run(`${path}:where`)).toBe(path)
      expect(await py.import(pathToFileURL(path)).where?.()).toBe(path)
      expect(await py.run(`${places.path('colon:in name.py')}:answer`)).toBe('colon')
    })

    it('is a file that has the name of a standard module, without being in its way', async () => {
      const file = places.path('app', 'json.py')
      expect(await py.import(file).dumps?.([1])).toBe('not the json of the standard library')
      expect(await py.run('json:dumps', [[1]])).toBe('[1]')
      expect(await py.run(`${places.path('app', 'uses_json.py')}:dumps`, [[1]])).toBe('[1]')
      expect(await py.import(file).KIND).toBe('not the json of the standard library')
    })

    it('is loaded once an interpreter, however many ask for it at once', async () => {
      const file = places.path('counted.py')
      expect(await Promise.all(Array.from({ length: 20 }, () => py.import(file).loads))).toEqual(
        Array(20).fill(1),
      )
    })

    it('is found in the folders of `path`, in their order', async () => {
      expect(await py.import('first').NAME).toBe('first of path')
      expect(await py.import('inner').part?.VALUE).toBe(5)
      expect(await py.import('inner.part').VALUE).toBe(5)
      expect(await py.run('os.path:join', ['a', 'b'])).toBe('a/b')
    })

    it('is imported by awaiting it, and can be used before and after', async () => {
      const before = py.import('fractions')
      expect(await before.gcd_is_not_there?.then(null, () => 'gone')).toBe('gone')
      const after = await before
      expect(await after.math?.gcd?.(12, 18)).toBe(6)
      expect(await after).toBe(after)
      expect(await before.math?.gcd?.(12, 18)).toBe(6)
      expect(await (await py.import(places.path('app', 'main.py'))).answer?.()).toBe('the sibling')
    })

    const missing = 'ERR_PYTHREADS_MODULE_NOT_FOUND'
    const failed = 'ERR_PYTHREADS_IMPORT_FAILED'
    it.each([
      [
        'there_is_no_such_module',
        missing,
        'ModuleNotFoundError',
        /No module named 'there_is_no_such_module'/,
      ],
      ['json.there_is_none', missing, 'ModuleNotFoundError', /json\.there_is_none/],
      ['there_is_none.inner', missing, 'ModuleNotFoundError', /there_is_none/],
      ['no-such.py', missing, 'FileNotFoundError', /no-such\.py/],
      ['broken/syntax.py', failed, 'SyntaxError', /syntax\.py: SyntaxError/],
      ['broken/raises.py', failed, 'LookupError', /at import/],
      ['broken/needs.py', failed, 'ModuleNotFoundError', /there_is_no_such_module/],
      ['broken/opens.py', failed, 'FileNotFoundError', /file\.py/],
      ['broken/exits.py', failed, 'SystemExit', /SystemExit: 3/],
      ['..relative', failed, 'TypeError', /relative/],
    ])('%s: %s, %s', async (name, code, type, message) => {
      const module = name.endsWith('.py') ? places.path(name) : name
      for (const use of [
        () => py.import(module),
        () => py.import(module).anything,
        () => py.run(`${module}:anything`),
      ]) {
        const error = await refusal(use)
        expect(error).toBeInstanceOf(PythonError)
        expect(error).toMatchObject({ code, type, message: expect.stringMatching(message) })
      }
      expect(await refusal(() => py.sync.import(module))).toMatchObject({ code, type })
    })

    it('that failed is tried again', async () => {
      const path = places.file('later.py', 'raise ValueError("not yet")\n')
      expect(await refusal(() => py.import(path).value)).toMatchObject({ code: failed })
      places.file('later.py', 'value = "now it works"\n')
      expect(await Promise.all(Array.from({ length: 8 }, () => py.import(path).value))).toEqual(
        Array(8).fill('now it works'),
      )
      const other = places.path('not there yet.py')
      expect(await refusal(() => py.import(other).value)).toMatchObject({ code: missing })
      places.file('not there yet.py', 'value = "there"\n')
      expect(await py.import(other).value).toBe('there')
    })

    it('that lacks an attribute says so, with what it may have meant', async () => {
      for (const use of [
        () => py.import('json').dumsp?.(1),
        () => py.import('json').dumsp,
        () => py.run('json:dumsp'),
      ]) {
        const error = await refusal(use)
        expect(error).toMatchObject({
          code: 'ERR_PYTHREADS_ATTRIBUTE_NOT_FOUND',
          type: 'AttributeError',
        })
        expect(error.message).toContain("json:dumsp: module 'json' has no attribute 'dumsp'")
      }
      const deep = await refusal(() => py.run('json:decoder.JSONDecoder.nothing'))
      expect(deep).toMatchObject({ code: 'ERR_PYTHREADS_ATTRIBUTE_NOT_FOUND' })
    })

    it('whose attribute cannot be called says so', async () => {
      for (const use of [() => py.import('math').pi?.(), () => py.run('math:pi')]) {
        const error = await refusal(use)
        expect(error).toMatchObject({
          code: 'ERR_PYTHREADS_NOT_CALLABLE',
          message: expect.stringContaining('type float'),
        })
      }
    })
  })

  describe('a module that is preloaded', () => {
    const places = new Places()
    afterAll(() => places[Symbol.dispose]())

    it('is there before the first call, in every worker', async () => {
      const file = places.file('early.py', 'import builtins\n\nbuiltins.early = "loaded"\n')
      await using py = await start(place, { workers: 3, preload: ['fractions', file] })
      const seen = [0, 1, 2].map((worker) =>
        py.run('builtins:getattr', [null, 'x', 'y'], { worker }),
      )
      expect(await Promise.all(seen)).toEqual(['y', 'y', 'y'])
      expect(await Promise.all([0, 1, 2].map(() => py.eval('early')))).toEqual([
        'loaded',
        'loaded',
        'loaded',
      ])
    })

    it.each([
      ['there_is_no_such_module', 'ERR_PYTHREADS_MODULE_NOT_FOUND'],
      ['raises.py', 'ERR_PYTHREADS_IMPORT_FAILED'],
      ['nothing.py', 'ERR_PYTHREADS_MODULE_NOT_FOUND'],
    ])('and does not load (%s) is the error of the start', async (name, code) => {
      places.file('raises.py', 'raise LookupError("at start")\n')
      const module = name.endsWith('.py') ? places.path(name) : name
      const error = await refusal(() => start(place, { preload: ['json', module] }))
      expect(error).toBeInstanceOf(PythonError)
      expect(error).toMatchObject({ code })
    })
  })
}

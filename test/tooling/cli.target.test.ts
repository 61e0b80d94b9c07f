// How targets are written, and which of them have the current folder in their sys.path.
import { execFileSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { STDLIB_MODULES } from '../../src/cli/stdlib-modules.ts'
import { currentFolder, parseTarget } from '../../src/cli/target.ts'
import { Places } from '../support/places.ts'
import { pythons } from '../support/pythons.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())
afterEach(() => vi.restoreAllMocks())

describe('a target', () => {
  it.each([
    ['json:dumps', 'json'],
    ['os.path:join', 'os.path'],
    ['collections:OrderedDict.fromkeys', 'collections'],
    ['größe:maß', 'größe'],
  ])('is a module and a name: %s', (text, module) => {
    expect(parseTarget(text)).toEqual({ text, module })
  })

  it.each([
    ['./rules.py:score', './rules.py', 'score'],
    ['rules.py:score', 'rules.py', 'score'],
    ['../a b/rules.v2.py:Rules.score', '../a b/rules.v2.py', 'Rules.score'],
    ['/srv/x:y/rules.py:score', '/srv/x:y/rules.py', 'score'],
    ['C:\\x.py:f', 'C:\\x.py', 'f'],
    ['C:/x.py:f', 'C:/x.py', 'f'],
  ])('is a file and a name: %s', (text, file, name) => {
    expect(parseTarget(text)).toEqual({ text: `${resolve(file)}:${name}`, module: resolve(file) })
  })

  it.each([
    ['C:\\x.py', 'which function of C:\\x.py?'],
    ['C:/rules/x.py', 'which function of C:/rules/x.py?'],
    ['./rules.py', 'which function of ./rules.py?'],
    ['rules.py:', 'which function of rules.py?'],
    ['json.dumps', 'json:dumps?'],
    ['json', 'the function is missing'],
    ['', 'the function is missing'],
    [':f', 'the module is missing'],
    ['json:', 'the function is missing'],
    ['json:1', 'the function is missing'],
    ['json:dumps(1)', 'the function is missing'],
    ['./rules:score', './rules.py:score?'],
    ['C:\\x:f', 'C:\\x.py:f?'],
  ])('is refused with what it lacks: %j', (text, hint) => {
    const expected: unknown = expect.objectContaining({
      code: 'ERR_PYTHREADS_USAGE',
      message: expect.stringContaining(hint),
    })
    expect(() => parseTarget(text)).toThrow(expected as Error)
  })
})

describe('the current folder is in sys.path', () => {
  places.file('here/rules.py', '')
  places.file('here/package/__init__.py', '')
  places.file('here/plain/inner/deep.py', '')
  places.file('here/native.cpython-313-x86_64-linux-gnu.so', '')
  places.file('here/json.py', '')
  places.file('here/sub/more.py', '')
  places.file('here/notes/readme.txt', '')
  places.file('elsewhere/rules.py', '')
  const here = places.path('here')

  it.each([
    ['a module in it', 'rules', true],
    ['a package in it', 'package.anything', true],
    ['a module of a package without __init__.py', 'plain.inner.deep', true],
    ['a package without __init__.py in one', 'plain.inner', true],
    ['an extension module in it', 'native', true],
    ['a file in it', join(here, 'rules.py'), true],
    ['a file below it', join(here, 'sub', 'more.py'), true],
    ['a module that is not there', 'numpy', false],
    ['a folder that is no package', 'notes', false],
    ['a module that is not in the package there', 'plain.other', false],
    ['a module of the standard library, whatever lies there', 'json', false],
    ['a file elsewhere', places.path('elsewhere', 'rules.py'), false],
    ['a file that is not there', join(here, 'missing.py'), false],
  ])('for %s', (_, module, isThere) => {
    vi.spyOn(process, 'cwd').mockReturnValue(here)
    expect(currentFolder(module)).toEqual(isThere ? [here] : [])
  })

  it.each(pythons.filter(({ version }) => version[1] >= 13))(
    'never for what Python $release has itself',
    ({ executable }) => {
      const source =
        'import sys; print(*(name for name in sys.stdlib_module_names if not name.startswith("_")))'
      const names = execFileSync(executable, ['-c', source], { encoding: 'utf8' }).trim().split(' ')
      expect(names.filter((name) => !STDLIB_MODULES.has(name))).toEqual([])
    },
  )
})

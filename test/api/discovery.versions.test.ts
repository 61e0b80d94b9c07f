/**
 * `python: '3.12'`: what asks for versions, what fits, which of the Pythons that fit is taken, and
 * what is said when none does.
 */
import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { findAll, findPython } from '../../src/discovery/index.ts'
import { readLauncher } from '../../src/discovery/installed.ts'
import { mayInclude, versionRange } from '../../src/discovery/versions.ts'
import { runCli } from '../support/child.ts'
import { fakePython } from '../support/fake-installation.ts'
import { Places } from '../support/places.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())

describe('a range of versions', () => {
  it.each<[string, string[], string[]]>([
    ['3.12', ['3.12.0', '3.12.9'], ['3.11.9', '3.13.0', '3.1.2']],
    ['3.12.4', ['3.12.4'], ['3.12.3', '3.12.40']],
    ['v3.12', ['3.12.4'], ['3.11.0']],
    ['3.12.x', ['3.12.4'], ['3.13.0']],
    ['3.12.*', ['3.12.4'], ['3.13.0']],
    ['==3.12.*', ['3.12.4'], ['3.13.0']],
    ['==3.12.4', ['3.12.4'], ['3.12.5']],
    ['3', ['3.10.0', '3.15.2'], ['2.7.18', '4.0.0']],
    ['>=3.11', ['3.11.0', '3.14.2', '4.0.0'], ['3.10.19']],
    ['>= 3.11', ['3.11.0'], ['3.10.19']],
    ['>3.11', ['3.12.0'], ['3.11.9', '3.10.0']],
    ['<3.13', ['3.12.9'], ['3.13.0']],
    ['<=3.12', ['3.12.9', '3.11.0'], ['3.13.0']],
    ['>=3.11,<3.14', ['3.11.0', '3.13.9'], ['3.10.9', '3.14.0']],
    ['>=3.11, <3.14', ['3.13.9'], ['3.14.0']],
    ['>=3.11 <3.14', ['3.13.9'], ['3.14.0']],
    ['>=3.11,!=3.12', ['3.11.4', '3.13.0'], ['3.12.1']],
    ['~=3.12', ['3.12.0', '3.14.0'], ['3.11.9', '4.0.0']],
    ['~=3.12.3', ['3.12.3', '3.12.9'], ['3.12.2', '3.13.0']],
    ['^3.11', ['3.11.0', '3.15.0'], ['3.10.0', '4.0.0']],
    ['~3.12.3', ['3.12.3', '3.12.9'], ['3.12.2', '3.13.0']],
    ['3.11 - 3.13', ['3.11.0', '3.13.9'], ['3.10.9', '3.14.0']],
    ['3.11.4 - 3.13.1', ['3.11.4', '3.13.1'], ['3.11.3', '3.13.2']],
  ])('%s includes %j and not %j', (text, inside, outside) => {
    const range = versionRange(text)
    const has = (version: string) => range?.includes(version.split('.').map(Number))
    expect([range?.freeThreaded, inside.filter(has), outside.filter(has)]).toEqual([
      false,
      inside,
      [],
    ])
    for (const version of inside) {
      const [major = 0, minor = 0] = version.split('.').map(Number)
      expect(range !== undefined && mayInclude(range, major, minor)).toBe(true)
    }
  })

  it.each(['3.13t', '>=3.13t', '3.13.5t', '3.13t - 3.14t', '>=3.13t,<3.15t'])(
    '%s asks for a build without a GIL',
    (text) => {
      const range = versionRange(text)
      expect([range?.freeThreaded, range?.includes([3, 13, 5])]).toEqual([true, true])
    },
  )

  it.each([
    '',
    'python3.12',
    '.venv',
    './3.12',
    '/usr/bin/python3.12',
    'env',
    '3.12-dev',
    '3.12/bin/python',
    '~/.venv',
    '3.12.venv',
  ])('%j is none: it names a place', (text) => expect(versionRange(text)).toBeUndefined())

  it.each(['>=3.x.y.z', '>=3.11,', '>=3.11,abc', '3.11 - ', '3.11 3.12', '=>3.11', '>3..1'])(
    '%j is refused',
    (text) => {
      expect(() => versionRange(text)).toThrow(
        expect.objectContaining({ code: 'ERR_PYTHREADS_OPTION' }),
      )
    },
  )
})

describe('a version that is asked for', () => {
  const cwd = places.folder('nothing')
  const uv = places.folder('uv')
  fakePython(places, 'bin/python3', '3.11.2')
  fakePython(places, 'bin/python3.12', '3.12.1')
  fakePython(places, 'pyenv/versions/3.12.9/bin/python3', '3.12.9')
  fakePython(places, 'pyenv/versions/3.9.9/bin/python3', '3.9.9')
  fakePython(places, 'uv/cpython-3.13.2-linux-x86_64-gnu/bin/python3', '3.13.2')
  fakePython(places, 'uv/cpython-3.13.2+freethreaded-linux-x86_64-gnu/bin/python3', '3.13.2', true)
  fakePython(places, 'conda/envs/some/bin/python', '3.10.4')
  fakePython(places, 'mise/installs/python/3.14.0rc1/bin/python3', '3.14.0rc1')
  places.script('pyenv/versions/3.12.99/bin/python3', 'exit 1')
  const env: NodeJS.ProcessEnv = {
    ...{
      PATH: places.path('bin'),
      PYENV_ROOT: places.path('pyenv'),
      UV_PYTHON_INSTALL_DIR: uv,
      PYTHREADS_CACHE: 'off',
    },
    ...{
      MAMBA_ROOT_PREFIX: places.path('conda'),
      MISE_DATA_DIR: places.path('mise'),
      ASDF_DATA_DIR: places.path('none'),
    },
  }
  const find = (option: string | undefined, more: NodeJS.ProcessEnv = {}, folder: string = cwd) =>
    findPython(option, folder, { ...env, ...more }, '')

  it.each([
    ['3.12', '3.12.9', 'pyenv'],
    ['3.12.1', '3.12.1', 'PATH'],
    ['3.11', '3.11.2', 'PATH'],
    ['3.10', '3.10.4', 'conda'],
    ['3.13', '3.13.2', 'uv'],
    ['3.13t', '3.13.2', 'uv'],
    ['>=3.11', '3.13.2', 'uv'],
    ['>=3.14', '3.14.0rc1', 'mise'],
    ['<3.12', '3.11.2', 'PATH'],
    ['3.10 - 3.12', '3.12.9', 'pyenv'],
  ])('%s is the newest final release that fits: %s of %s', async (option, release, source) => {
    const { facts, source: found, passedOver } = await find(option)
    expect([facts.release, facts.freeThreaded, passedOver]).toEqual([
      release,
      option.endsWith('t'),
      [],
    ])
    expect(found).toBe(`${source}, as the option \`python\` asks for ${option}`)
  })

  it('may be asked for by PYTHREADS_PYTHON, before which the option goes', async () => {
    expect((await find(undefined, { PYTHREADS_PYTHON: '3.12' })).facts.release).toBe('3.12.9')
    expect((await find('3.11', { PYTHREADS_PYTHON: '3.12' })).facts.release).toBe('3.11.2')
  })

  it('is that of the virtual environment, if that fits', async () => {
    fakePython(places, 'fitting/.venv/bin/python', '3.12.0')
    places.file('fitting/.venv/pyvenv.cfg', '')
    const { facts, source } = await find('>=3.11', {}, places.path('fitting'))
    expect([facts.release, source]).toEqual([
      '3.12.0',
      '.venv of the project, as the option `python` asks for >=3.11',
    ])
  })

  it('that the virtual environment does not have is found elsewhere, and that is said', async () => {
    fakePython(places, 'other/.venv/bin/python', '3.11.7')
    places.file('other/.venv/pyvenv.cfg', '')
    const { facts, passedOver } = await find(
      '3.12',
      { VIRTUAL_ENV: places.path('gone') },
      places.path('other'),
    )
    expect(facts.release).toBe('3.12.9')
    expect(passedOver).toEqual([
      expect.stringContaining(`No Python at ${places.path('gone')} (from VIRTUAL_ENV)`),
      `the option \`python\` asks for 3.12, and ${places.path('other/.venv')} (.venv of the project) is Python 3.11.7`,
    ])
  })

  it.each(['3.15', '3.14t', '>=3.16', '3.12.2'])(
    '%s, which is not there, names all that were found',
    async (option) => {
      const error = (await find(option).catch((reason: unknown) => reason)) as Error
      expect(error).toMatchObject({ code: 'ERR_PYTHREADS_PYTHON_NOT_FOUND' })
      for (const found of [
        '3.11.2',
        '3.12.1',
        '3.12.9',
        '3.13.2',
        '3.13.2, free-threaded',
        '3.10.4',
        '3.14.0rc1',
        option,
      ]) {
        expect(error.message).toContain(found)
      }
      expect(error.message).toContain('uv python install')
    },
  )

  it('asks no Python whose path says that it is of another version', async () => {
    const log = places.path('log')
    places.script('asked/python3.11', `echo 3.11 >> ${log}`, 'exit 1')
    places.script('asked/python3.12', `echo 3.12 >> ${log}`, 'exit 1')
    expect((await find('3.12', { PATH: places.path('asked') })).facts.release).toBe('3.12.9')
    expect(readFileSync(log, 'utf8')).toMatch(/^(3\.12\n)+$/)
  })

  it('leaves doctor with all that there are', async () => {
    const releases = (await findAll('3.12', cwd, env, '')).flatMap(
      ({ facts }) => facts?.release ?? [],
    )
    expect(releases).toEqual(
      expect.arrayContaining(['3.11.2', '3.12.1', '3.12.9', '3.13.2', '3.10.4', '3.14.0rc1']),
    )
  })
})

describe('doctor', () => {
  it('says which virtual environment is passed over, as its version is not the one that is asked for', async () => {
    fakePython(places, 'asking/.venv/bin/python', '3.11.7')
    places.file('asking/.venv/pyvenv.cfg', '')
    fakePython(places, 'newer/python3.12', '3.12.3')
    const env = {
      PATH: places.path('newer'),
      PYENV_ROOT: places.path('none'),
      UV_PYTHON_INSTALL_DIR: places.path('none'),
    }
    const { code, stdout } = await runCli(['doctor', '--verbose', '--python', '3.12.3'], {
      cwd: places.path('asking'),
      env,
    })
    expect(code).toBe(0)
    expect(stdout).toContain(
      `pythreads uses ${places.path('newer/python3.12')} (from PATH, as the option \`python\` asks for 3.12.3)`,
    )
    expect(stdout).toContain(
      `Passed over: the option \`python\` asks for 3.12.3, and ${places.path('asking/.venv')}`,
    )
  })

  it('names what it has found where nothing fits', async () => {
    const { code, stdout } = await runCli(['doctor', '--python', '3.99'])
    expect(code).toBe(1)
    expect(stdout).toContain('ERR_PYTHREADS_PYTHON_NOT_FOUND')
    expect(stdout).toMatch(/No Python that fits 3\.99 was found[\s\S]*is Python 3\./)
  })
})

it("what Windows' launcher lists is read, of old and new ones", () => {
  const old =
    ' -3.10-64 *      C:\\Python310\\python.exe\r\n -3.9-32        C:\\Program Files\\Python39\\python.exe\r\n'
  const recent =
    ' -V:3.12 *        C:\\Users\\me\\Python312\\python.exe\n -V:3.13t         C:\\p\\python3.13t.exe\n -V:Astral/x  D:\\uv\\python.exe\n'
  expect(readLauncher(old)).toEqual([
    'C:\\Python310\\python.exe',
    'C:\\Program Files\\Python39\\python.exe',
  ])
  expect(readLauncher(recent)).toEqual([
    'C:\\Users\\me\\Python312\\python.exe',
    'C:\\p\\python3.13t.exe',
    'D:\\uv\\python.exe',
  ])
  expect(readLauncher('No installed Pythons found!\n')).toEqual([])
})

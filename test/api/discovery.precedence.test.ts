/**
 * The Python that is used is the one that somebody named, else that of the project, else the first
 * on PATH; when a named one does not work that is an error, never a reason to take another
 * silently.
 *
 * Each place has a virtual environment of its own, so the prefix says which one was found.
 */
import { rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findPython as find, findAll } from '../../src/discovery/index.ts'
import { Places } from '../support/places.ts'
import { pythons } from '../support/pythons.ts'

/** As without a main module, whose project may have a virtual environment of its own. */
const findPython: typeof find = (option, cwd, env) => find(option, cwd, env, '')
const python = pythons[0]?.executable ?? ''
const places = new Places()
afterAll(() => places[Symbol.dispose]())

describe('precedence', () => {
  const cwd = places.folder('top/project/src')
  const env: NodeJS.ProcessEnv = {}
  /** The places from the first to the last, each with what removes it from consideration. */
  const order: { source: string; folder: string; given?: string; remove: () => void }[] = []

  beforeAll(() => {
    places.file('top/project/pyproject.toml', '')
    const given = places.venv('given', python)
    order.push({ source: 'the option `python`', folder: given, given, remove: () => {} })
    for (const name of ['PYTHREADS_PYTHON', 'VIRTUAL_ENV', 'CONDA_PREFIX']) {
      const folder = places.venv(name, python)
      env[name] = folder
      order.push({ source: name, folder, remove: () => delete env[name] })
    }
    for (const [name, at] of Object.entries({
      '.venv': 'top/project/src',
      venv: 'top/project/src',
    })) {
      order.push(project(name, at))
    }
    order.push(project('.venv', 'top/project'), project('venv', 'top/project'))
    places.venv('top/.venv', python) // no pyproject.toml beside it
    const folder = places.venv('path', python)
    places.link('path/bin/python3', python)
    env['PATH'] = join(folder, 'bin')
    order.push({ source: 'PATH', folder, remove: () => {} })
  })

  function project(name: string, at: string) {
    const folder = places.venv(join(at, name), python)
    return {
      source: `${name} of the project`,
      folder,
      remove: () => rmSync(join(folder, 'pyvenv.cfg')),
    }
  }

  it('each place is found when those before it are gone', async () => {
    const found: [string, string][] = []
    for (const { given, remove } of order) {
      const { facts, source } = await findPython(given, cwd, env)
      found.push([source, facts.prefix])
      remove()
    }
    expect(found).toEqual(order.map(({ source, folder }) => [source, folder]))
  })
})

describe('the option', () => {
  const folder = places.venv('work/env', python)
  const cwd = places.folder('work')
  const PATH = places.folder('bin')
  places.link('bin/python3.99', join(folder, 'bin', 'python'))

  it.each([
    ['an executable', () => join(folder, 'bin', 'python')],
    ['an executable relative to the current folder', () => './env/bin/python'],
    ['the folder of a virtual environment', () => folder],
    ['a relative folder', () => 'env'],
    ['a relative folder with a slash at its end', () => './env/'],
  ])('is %s', async (_, given) => {
    const { facts, source } = await findPython(given(), cwd, { PATH })
    expect([facts.prefix, source]).toEqual([folder, 'the option `python`'])
  })

  it('is a name on PATH', async () => {
    expect((await findPython('python3.99', cwd, { PATH })).facts.version).toEqual(
      pythons[0]?.version,
    )
  })

  it('is an installation, not only a virtual environment', async () => {
    const base = (await findPython(python)).facts
    expect((await findPython(base.basePrefix, cwd, { PATH })).facts.prefix).toBe(base.basePrefix)
  })

  it.each(['nowhere', './nowhere', '/nowhere/bin/python', 'python9.9'])(
    '%s that is not there is an error',
    async (given) => {
      const found = findPython(given, cwd, { PATH })
      await expect(found).rejects.toMatchObject({ code: 'ERR_PYTHREADS_PYTHON_NOT_FOUND' })
      await expect(found).rejects.toThrow(given)
    },
  )
})

describe('a place that is named', () => {
  const cwd = places.folder('elsewhere')
  const broken = places.script('broken/bin/python3', 'exit 3')
  const good = places.venv('good', python)
  places.link('good/bin/python3', python)
  const PATH = join(good, 'bin')

  it.each(['PYTHREADS_PYTHON', 'VIRTUAL_ENV', 'CONDA_PREFIX'])('%s must work', async (name) => {
    const folder = places.path('broken')
    await expect(findPython(undefined, cwd, { PATH, [name]: folder })).rejects.toMatchObject({
      code: 'ERR_PYTHREADS_PYTHON_BROKEN',
      message: expect.stringContaining(broken),
    })
    await expect(
      findPython(undefined, cwd, { PATH, [name]: places.path('no-such') }),
    ).rejects.toMatchObject({
      code: 'ERR_PYTHREADS_PYTHON_NOT_FOUND',
      message: expect.stringContaining(`from ${name}`),
    })
  })

  it('a variable that is empty names nothing', async () => {
    const env = { PATH, PYTHREADS_PYTHON: '', VIRTUAL_ENV: '', CONDA_PREFIX: '' }
    expect((await findPython(undefined, cwd, env)).source).toBe('PATH')
  })

  it('a project whose virtual environment is broken is an error', async () => {
    places.file('project/.venv/pyvenv.cfg', '')
    await expect(findPython(undefined, places.path('project'), { PATH })).rejects.toMatchObject({
      code: 'ERR_PYTHREADS_PYTHON_NOT_FOUND',
      message: expect.stringContaining('.venv of the project'),
    })
  })

  it('a folder that is only called .venv is none', async () => {
    places.folder('plain/.venv')
    expect((await findPython(undefined, places.path('plain'), { PATH })).source).toBe('PATH')
  })
})

describe('on PATH', () => {
  const cwd = places.folder('anywhere')
  const good = places.venv('last', python)
  places.link('last/bin/python3', python)
  const bins = [
    places.folder('empty'),
    join(places.script('crash/python3', 'exit 3'), '..'),
    join(places.script('old/python3', 'echo 3.8.1'), '..'),
    places.path('no such folder'),
  ]

  it('the first Python that works is taken', async () => {
    const PATH = ['', ...bins, join(good, 'bin')].join(delimiter)
    const { facts, source } = await findPython(undefined, cwd, { PATH })
    expect([facts.prefix, source]).toEqual([good, 'PATH'])
  })

  it('`python` is one where there is no `python3`', async () => {
    const only = places.venv('only', python)
    expect((await findPython(undefined, cwd, { PATH: join(only, 'bin') })).facts.prefix).toBe(only)
  })

  it('when there is none, every place that was looked at is listed, with how to get one', async () => {
    const error = await findPython(undefined, cwd, { PATH: bins.join(delimiter) }).catch(
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ code: 'ERR_PYTHREADS_PYTHON_NOT_FOUND' })
    const { message } = error as Error
    for (const place of [
      'the option `python`',
      'PYTHREADS_PYTHON',
      'VIRTUAL_ENV',
      'CONDA_PREFIX',
      '.venv and venv',
      'pyproject.toml',
    ]) {
      expect(message).toContain(place)
    }
    expect(message).toMatch(/crash\/python3.*ended with status 3/)
    expect(message).toMatch(/old\/python3.*3\.8\.1/)
    expect(message).toMatch(/PATH: python: not there/)
    expect(message).toContain('uv python install')
  })

  it('findAll has each Python once', async () => {
    const again = places.folder('again')
    places.link('again/python3', join(good, 'bin', 'python'))
    const PATH = [join(good, 'bin'), join(good, 'bin'), again, places.path('crash')].join(delimiter)
    const found = (
      await findAll(undefined, cwd, { PATH, PYENV_ROOT: again, UV_PYTHON_INSTALL_DIR: again })
    ).filter(({ place }) => place.source === 'PATH')
    expect(found.filter(({ facts }) => facts?.prefix === good)).toHaveLength(1)
    expect(found.filter(({ error }) => error?.code === 'ERR_PYTHREADS_PYTHON_BROKEN')).toHaveLength(
      1,
    )
  })
})

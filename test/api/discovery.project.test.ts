/**
 * The virtual environment of a project is found from wherever its program is started, in worker
 * threads too; one of another user is not run, and one whose interpreter is gone says how to make
 * it anew. Each folder has a virtual environment of its own, so the prefix says which one was
 * found.
 */
import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, lchownSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { findAll, findPython } from '../../src/discovery/index.ts'
import { fakePython } from '../support/fake-installation.ts'
import { Places } from '../support/places.ts'
import { pythons } from '../support/pythons.ts'

const python = pythons[0]?.executable ?? ''
const places = new Places()
afterAll(() => places[Symbol.dispose]())

const library = fileURLToPath(new URL('../../dist/index.js', import.meta.url))
const PATH = join(places.venv('path', python), 'bin')
const package_ = (folder: string, content: object = {}) =>
  places.file(join(folder, 'package.json'), JSON.stringify(content))

/** Which environment is found, relative to the folder of this test. */
async function found(
  main: string | undefined,
  cwd: string,
): Promise<[prefix: string, source: string]> {
  const { facts, source } = await findPython(
    undefined,
    places.folder(cwd),
    { PATH },
    main === undefined ? '' : places.path(main),
  )
  return [facts.prefix.slice(places.root.length + 1), source]
}

describe('the virtual environment', () => {
  package_('app')
  places.venv('app/.venv', python)
  places.venv('.venv', python) // above the package
  for (const main of [
    'app/server.js',
    'app/src/deep/main.ts',
    'app/node_modules/tool/bin.js',
    'app/node_modules/.pnpm/a/node_modules/b/c.js',
  ]) {
    places.file(main, '')
  }
  package_('app/node_modules/tool')
  places.link('linked.js', places.path('app/server.js'))

  it.each([
    'app/server.js',
    'app/server',
    'app/src/deep/main.ts',
    'app',
    'linked.js',
    'app/node_modules/tool/bin.js',
    'app/node_modules/.pnpm/a/node_modules/b/c.js',
  ])('is found from the folder of the main module %s, up to the package.json', async (main) =>
    expect(await found(main, 'elsewhere/far')).toEqual([
      'app/.venv',
      ".venv of the main module's project",
    ]),
  )

  it.each([undefined, 'elsewhere/none.js', 'elsewhere/[worker eval]'])(
    'is not looked for where there is no main module: %s',
    async (main) => {
      expect(await found(main, 'elsewhere/far')).toEqual(['path', 'PATH'])
    },
  )

  it('is found from the current folder, up to the package.json and not above it', async () => {
    expect(await found(undefined, 'app/src/deep')).toEqual(['app/.venv', '.venv of the project'])
    package_('bare')
    expect(await found(undefined, 'bare/src')).toEqual(['path', 'PATH'])
    places.file('bare/main.js', '')
    expect(await found('bare/main.js', 'bare/src')).toEqual(['path', 'PATH'])
  })

  it('of the main module comes before that of the current folder, except for a tool from node_modules', async () => {
    package_('other')
    places.venv('other/.venv', python)
    expect(await found('app/server.js', 'other')).toEqual([
      'app/.venv',
      ".venv of the main module's project",
    ])
    expect(await found('app/node_modules/tool/bin.js', 'other')).toEqual([
      'other/.venv',
      '.venv of the project',
    ])
    expect(await found('app/server.js', 'app/src')).toEqual(['app/.venv', '.venv of the project'])
  })

  it.each([
    ['npm', 'package.json', '{ "workspaces": ["packages/*"] }'],
    ['pnpm', 'pnpm-workspace.yaml', ''],
  ])(
    'of a monorepo of %s is that of its root, where a package has none of its own',
    async (mono, file, content) => {
      places.file(join(mono, file), content)
      for (const name of ['a', 'b']) {
        package_(join(mono, 'packages', name))
        places.file(join(mono, 'packages', name, 'main.js'), '')
      }
      places.venv(join(mono, '.venv'), python)
      places.venv(join(mono, 'packages', 'b', '.venv'), python)
      expect((await found(join(mono, 'packages/a/main.js'), 'elsewhere'))[0]).toBe(`${mono}/.venv`)
      expect((await found(join(mono, 'packages/b/main.js'), 'elsewhere'))[0]).toBe(
        `${mono}/packages/b/.venv`,
      )
      expect((await found(undefined, join(mono, 'packages/a')))[0]).toBe(`${mono}/.venv`)
    },
  )

  it('is the same wherever the program is started, and in worker threads', async () => {
    const start = `import { Python } from ${JSON.stringify(library)}
      const py = await Python.start({ workers: 1, isolation: 'process' })
      console.log(py.stats().python.source, await py.eval('__import__("sys").prefix'))
      await py.close()`
    const main = places.file(
      'service/src/main.mjs',
      `${start}
      const { Worker } = await import('node:worker_threads')
      new Worker(new URL('./thread.mjs', import.meta.url))`,
    )
    places.file('service/src/thread.mjs', start)
    package_('service')
    const prefix = places.venv('service/.venv', python)
    const env = { PATH, HOME: process.env['HOME'], PYTHREADS_CACHE: 'off' }
    const told = async (cwd: string) =>
      (await promisify(execFile)(process.execPath, [main], { cwd, env })).stdout.trim().split('\n')
    expect(await told('/')).toEqual(Array(2).fill(`.venv of the main module's project ${prefix}`))
    expect(await told(places.path('service'))).toEqual(
      Array(2).fill(`.venv of the project ${prefix}`),
    )
  })
})

describe('a virtual environment whose interpreter is gone', () => {
  const cwd = places.folder('dangling')
  places.file('dangling/.venv/pyvenv.cfg', 'home = /opt/python3.11/bin\nversion = 3.11.4\n')
  places.link('dangling/.venv/bin/python3', 'python')
  places.link('dangling/.venv/bin/python', '/opt/python3.11/bin/python3.11')
  const folder = places.path('dangling/.venv')

  it.each<[string, () => Promise<unknown>]>([
    ['of the project', () => findPython(undefined, cwd, { PATH }, '')],
    ['that the option names', () => findPython('.venv', cwd, { PATH }, '')],
    [
      'that VIRTUAL_ENV names',
      () => findPython(undefined, places.folder('elsewhere'), { PATH, VIRTUAL_ENV: folder }, ''),
    ],
    [
      'whose interpreter the option names',
      () => findPython(join(folder, 'bin', 'python3'), cwd, { PATH }, ''),
    ],
  ])('%s says what it pointed to', async (_, find) => {
    await expect(find()).rejects.toMatchObject({
      code: 'ERR_PYTHREADS_PYTHON_NOT_FOUND',
      message: expect.stringMatching(/\/opt\/python3\.11\/bin\/python3\.11, which does not exist/),
    })
  })

  it('says how to make it anew', async () => {
    await expect(findPython(undefined, cwd, { PATH }, '')).rejects.toThrow(
      `python3.11 -m venv --clear ${folder} (or: uv venv --clear --python 3.11 ${folder})`,
    )
  })

  it('is also one whose folder is a link to nothing, or that has no interpreter', async () => {
    places.link('moved/.venv', '/opt/environments/app')
    await expect(findPython(undefined, places.path('moved'), { PATH }, '')).rejects.toThrow(
      /link to \/opt\/environments\/app, which/,
    )
    places.file('emptied/.venv/pyvenv.cfg', '')
    await expect(findPython(undefined, places.path('emptied'), { PATH }, '')).rejects.toThrow(
      /is missing\. To create it again/,
    )
  })
})

// Only root can give files to others.
describe.runIf(process.getuid?.() === 0)('a virtual environment of another user', () => {
  const OTHER = 65_534
  const own = (name: string, ...parts: string[]) => {
    fakePython(places, `${name}/.venv/bin/python`, '3.12.1')
    places.file(`${name}/.venv/pyvenv.cfg`, '')
    for (const part of parts) lchownSync(places.path(name, '.venv', part), OTHER, OTHER)
    return places.path(name)
  }

  it.each(['.', 'pyvenv.cfg', 'bin', 'bin/python'])(
    'is not run when %s is theirs, and that is said',
    async (part) => {
      const folder = own(`theirs-${part.replaceAll('/', '-')}`, part)
      const { source, passedOver } = await findPython(undefined, folder, { PATH }, '')
      expect([source, passedOver]).toEqual([
        'PATH',
        [expect.stringContaining(`belongs to user ${OTHER}`)],
      ])
      const { facts } = await findPython('.venv', folder, { PATH }, '')
      expect(facts.release).toBe('3.12.1') // somebody has named it
    },
  )

  it('is not run through a link of theirs to what is ours', async () => {
    const real = own('ours')
    const link = places.link('shared/.venv', join(real, '.venv'))
    expect((await findPython(undefined, places.path('shared'), { PATH }, '')).source).toBe(
      '.venv of the project',
    )
    lchownSync(link, OTHER, OTHER)
    expect((await findPython(undefined, places.path('shared'), { PATH }, '')).source).toBe('PATH')
  })

  it('is not run for versions that are asked for', async () => {
    const folder = own('versions', '.')
    const env = {
      PATH,
      PYENV_ROOT: places.path('none'),
      UV_PYTHON_INSTALL_DIR: places.path('none'),
    }
    const release = pythons[0]?.release ?? ''
    const { facts, passedOver } = await findPython(`>=${release}`, folder, env, '')
    expect(facts.prefix).not.toBe(join(folder, '.venv'))
    expect(passedOver).toEqual([expect.stringContaining(`belongs to user ${OTHER}`)])
  })

  it('in the folder of another user is theirs, too, if all of it is', () => {
    chownSync(places.folder('all'), OTHER, OTHER)
    const folder = own('all', '.', 'pyvenv.cfg', 'bin', 'bin/python')
    return expect(findPython(undefined, folder, { PATH }, '')).resolves.toMatchObject({
      source: 'PATH',
    })
  })

  it.each(['.', 'pyvenv.cfg', 'bin', 'lib/python3.12/site-packages'])(
    'is what others may write to, too: %s',
    async (part) => {
      const folder = own(`open-${part.replaceAll('/', '-')}`)
      places.file(
        join(folder.slice(places.root.length + 1), '.venv/lib/python3.12/site-packages/module.py'),
        '',
      )
      expect((await findPython(undefined, folder, { PATH }, '')).source).toBe(
        '.venv of the project',
      )
      chmodSync(join(folder, '.venv', part), 0o777)
      const { source, passedOver } = await findPython(undefined, folder, { PATH }, '')
      expect([source, passedOver]).toEqual([
        'PATH',
        [expect.stringContaining(`other users may write to ${join(folder, '.venv', part)}`)],
      ])
    },
  )

  it('is one whose installation another user owns, and one in a folder that another user owns or may write to', async () => {
    const based = own('based')
    places.file('based/.venv/pyvenv.cfg', `home = ${places.folder('their-python/bin')}\n`)
    expect((await findPython(undefined, based, { PATH }, '')).source).toBe('.venv of the project')
    chownSync(places.path('their-python'), OTHER, OTHER)
    expect((await findPython(undefined, based, { PATH }, '')).source).toBe('PATH')

    for (const change of [
      (path: string) => chownSync(path, OTHER, OTHER),
      (path: string) => chmodSync(path, 0o777),
    ]) {
      const folder = own(`above-${change.toString().length}`)
      change(folder)
      expect((await findPython(undefined, folder, { PATH }, '')).source).toBe('PATH')
    }
    const shared = own('sticky')
    chmodSync(shared, 0o1777)
    expect((await findPython(undefined, shared, { PATH }, '')).source).toBe('.venv of the project')
  })

  it('is not run by what looks for every Python', async () => {
    const folder = own('looked-at', '.')
    places.script('looked-at/.venv/bin/python', `touch ${places.path('was-run')}`)
    const all = await findAll(undefined, folder, { PATH }, '')
    expect(all.find(({ place }) => place.given === join(folder, '.venv'))?.error?.code).toBe(
      'ERR_PYTHREADS_PYTHON_NOT_FOUND',
    )
    expect(existsSync(places.path('was-run'))).toBe(false)
  })

  it('in a folder of versions is not taken for a version that is asked for, except from PATH', async () => {
    const run = places.path('version-was-run')
    for (const name of ['pyenv/versions/3.12.9', 'uv/cpython-3.12.9', 'environment']) {
      fakePython(places, `others/${name}/bin/python3`, '3.12.9')
      places.script(
        `others/${name}/bin/python3`,
        `touch ${run}`,
        readFileSync(places.path(`others/${name}/bin/python3`), 'utf8'),
      )
      chownSync(places.path(`others/${name}`), OTHER, OTHER)
    }
    const env = {
      PATH: '',
      PYENV_ROOT: places.path('others/pyenv'),
      UV_PYTHON_INSTALL_DIR: places.path('others/uv'),
    }
    const conda = { ...env, CONDA_EXE: places.path('others/environment/bin/conda') }
    await expect(findPython('3.12.9', '/', conda, '')).rejects.toMatchObject({
      code: 'ERR_PYTHREADS_PYTHON_NOT_FOUND',
    })
    expect(existsSync(run)).toBe(false)
    const { facts } = await findPython(
      '3.12.9',
      '/',
      { ...conda, PATH: places.path('others/environment/bin') },
      '',
    )
    expect([facts.release, existsSync(run)]).toEqual(['3.12.9', true])
  })
})

it('a package.json or pyvenv.cfg that is a pipe is not waited for', async () => {
  const folder = places.folder('piped/inner')
  for (const name of ['package.json', '../package.json', '.venv/pyvenv.cfg']) {
    places.folder(join('piped/inner', name, '..'))
    execFileSync('mkfifo', [join(folder, name)])
  }
  await expect(findPython(undefined, folder, { PATH }, '')).rejects.toMatchObject({
    code: 'ERR_PYTHREADS_PYTHON_NOT_FOUND',
  })
})

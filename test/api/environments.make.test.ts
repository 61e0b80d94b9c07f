/**
 * Why: with `dependencies`, a start installs packages by uv or by pip, from an index that may be
 * slow, broken or away. What the program gets must be what it asked for; what goes wrong must be
 * told in the words of uv or pip, soon, and with what to do.
 */
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  environmentKeys,
  listEnvironments,
  lockFileFor,
  removeEnvironment,
} from '../../src/environments/index.ts'
import { Python, type PythonOptions } from '../../src/index.ts'
import { refusal } from '../support/outcome.ts'
import { PackageIndex } from '../support/package-index.ts'
import { Places } from '../support/places.ts'
import { placements } from '../support/pythons.ts'
import { realUv } from '../support/real-uv.ts'

const place = placements.find(({ isolation }) => isolation === 'process')
const python = place?.python ?? ''
const ENVIRONMENT = 'ERR_PYTHREADS_ENVIRONMENT'
const LOCK = 'ERR_PYTHREADS_LOCK'

const places = new Places()
let index: PackageIndex
let uv: string

beforeAll(async () => {
  uv = realUv(python)
  index = await PackageIndex.start([
    { name: 'greet', version: '1.5', requires: ['words>=1'] },
    { name: 'greet', version: '2.0' },
    { name: 'words', version: '1.0' },
    { name: 'stale', version: '1.0', requires: ['words>=9'] },
    { name: 'windowsonly', version: '1.0', tag: 'cp310-cp310-win_amd64' },
    { name: 'future', version: '1.0', requiresPython: '>=3.99' },
  ])
})
afterAll(async () => {
  await index[Symbol.asyncDispose]()
  places[Symbol.dispose]()
})

let caches = 0
beforeEach(() => {
  for (const [name, value] of Object.entries(index.env)) vi.stubEnv(name, value)
  vi.stubEnv('PYTHREADS_CACHE', places.path(`cache-${++caches}`))
  vi.stubEnv('PYTHREADS_UV', uv)
})
afterEach(() => void vi.unstubAllEnvs())

/** Starts a pool; returns the version of a module, where Python is, and what was told. */
async function start(options: PythonOptions, module = 'greet') {
  const events: string[] = []
  const onProgress: PythonOptions['onProgress'] = ({ step, text }) =>
    events.push(`${step}: ${text}`)
  await using py = await Python.start({
    ...{ python, workers: 1, isolation: 'process', onProgress },
    ...options,
  })
  const expression = `[__import__("sys").prefix, __import__(${JSON.stringify(module)}).VERSION]`
  const [prefix, version] = await py.eval<[string, string]>(expression)
  return { prefix, version, events, source: py.stats().python.source }
}

const failure = (options: PythonOptions) => refusal(() => start(options))

describe('packages that are installed', () => {
  it.each(['uv', 'pip'])('are those that an array asks for, by %s', async (way) => {
    if (way === 'pip') vi.stubEnv('PYTHREADS_UV', 'off')
    const first = await start({ dependencies: ['greet<2'] })
    expect(first.version).toBe('1.5')
    expect(first.events.length).toBeGreaterThan(1)
    expect(listEnvironments()).toMatchObject([
      { folder: first.prefix, madeBy: expect.stringContaining(way), requirements: ['greet<2'] },
    ])
    expect(readFileSync(join(first.prefix, 'bin', 'greet'), 'utf8')).toContain(first.prefix)
    expect(await start({ dependencies: ['greet<2'] })).toMatchObject({
      prefix: first.prefix,
      events: [],
    })
  })

  it('are those that files ask for, by path and by URL', async () => {
    const nested = places.file('files/base.txt', 'greet<2\n')
    const list = places.file('files/requirements.txt', '-r base.txt # more\n')
    const project = places.file('files/pyproject.toml', '[project]\ndependencies = ["greet>=2"]\n')
    const script = places.file('files/x.py', '# /// script\n# dependencies = ["greet"]\n# ///\n')
    expect(await start({ dependencies: list })).toMatchObject({ version: '1.5' })
    expect(await start({ dependencies: pathToFileURL(script) })).toMatchObject({ version: '2.0' })
    expect(await start({ dependencies: project })).toMatchObject({ version: '2.0' })
    writeFileSync(nested, 'greet==2.0\n')
    expect(await start({ dependencies: list })).toMatchObject({ version: '2.0' })
    expect(environmentKeys()).toHaveLength(4)
  })

  it('are none for an empty array, for which no network is needed', async () => {
    vi.stubEnv('UV_DEFAULT_INDEX', 'http://127.0.0.1:9/simple')
    await using py = await Python.start({ python, workers: 1, dependencies: [] })
    expect(await py.eval('__import__("sys").prefix')).toContain('environments')
    await expect(py.import('greet')).rejects.toMatchObject({
      code: 'ERR_PYTHREADS_MODULE_NOT_FOUND',
    })
  })

  it('go neither where pip nor where uv are told to put them', async () => {
    vi.stubEnv('PIP_TARGET', places.path('elsewhere'))
    vi.stubEnv('UV_TARGET', places.path('elsewhere'))
    vi.stubEnv('UV_SYSTEM_PYTHON', '1')
    expect(await start({ dependencies: ['greet'] })).toMatchObject({ version: '2.0' })
    expect(existsSync(places.path('elsewhere'))).toBe(false)
  })

  it('are installed anew when the Python of the environment is gone', async () => {
    const { prefix } = await start({ dependencies: ['greet'] })
    for (const name of readdirSync(join(prefix, 'bin'))) {
      if (name.startsWith('python')) rmSync(join(prefix, 'bin', name))
    }
    const again = await start({ dependencies: ['greet'] })
    expect(again).toMatchObject({ version: '2.0' })
    expect(again.prefix).not.toBe(prefix)
    expect(existsSync(prefix)).toBe(false)
  })

  it('are installed anew when the environment was removed', async () => {
    await start({ dependencies: ['greet'] })
    const [record] = listEnvironments()
    expect(await removeEnvironment(record?.key ?? '')).toBe(true)
    expect(await removeEnvironment(record?.key ?? '')).toBe(false)
    expect(readdirSync(join(process.env['PYTHREADS_CACHE'] ?? '', 'environments'))).toEqual([])
    expect((await start({ dependencies: ['greet'] })).events).not.toEqual([])
  })
})

describe('a lock file', () => {
  it('is what is installed, also when the index has newer versions', async () => {
    const lock = await lockFileFor({ dependencies: ['greet<2'], python })
    const path = places.file('lock/old.lock', lock.text)
    expect(await start({ dependencies: path })).toMatchObject({ version: '1.5' })
    expect(await start({ dependencies: path, frozen: true })).toMatchObject({ events: [] })
  })

  it('is used where it fits, refused where it is stale and `frozen` is set', async () => {
    const list = places.file('frozen/requirements.txt', 'greet\n')
    expect((await failure({ dependencies: list, frozen: true })).code).toBe(LOCK)
    places.file('frozen/old.txt', 'greet<2\n')
    const old = await lockFileFor({ dependencies: places.path('frozen/old.txt'), python })
    writeFileSync(old.path, old.text)
    expect((await failure({ dependencies: list, frozen: true })).code).toBe(LOCK)
    const now = await lockFileFor({ dependencies: list, python })
    expect(now.path).toBe(places.path('frozen/pythreads.lock'))
    writeFileSync(now.path, now.text.replace('greet==2.0', 'greet==2.0 ; python_version >= "3"'))
    expect(await start({ dependencies: list, frozen: true })).toMatchObject({ version: '2.0' })
  })

  it('may be long', async () => {
    const lines = Array.from({ length: 2000 }, (_, i) => {
      const marker = `python_version < "3" and platform_machine == "none-${i}"`
      return `words==1.0; ${marker} --hash=sha256:${'0'.repeat(64)}\n`
    })
    const lock = await lockFileFor({ dependencies: ['greet<2'], python })
    const path = places.file('lock/long.lock', `${lock.text}${lines.join('')}`)
    const first = await start({ dependencies: path })
    expect(await start({ dependencies: path })).toMatchObject({ prefix: first.prefix, events: [] })
  })

  it('is installed by pip, too', async () => {
    const lock = await lockFileFor({ dependencies: ['greet<2'], python })
    vi.stubEnv('PYTHREADS_UV', 'off')
    const path = places.file('lock/pip.lock', lock.text)
    expect(await start({ dependencies: path, frozen: true })).toMatchObject({ version: '1.5' })
  })

  it.each(['uv', 'pip'])('whose hashes are wrong is refused by %s', async (way) => {
    if (way === 'pip') vi.stubEnv('PYTHREADS_UV', 'off')
    const text = `greet==2.0 --hash=sha256:${'0'.repeat(64)}\n`
    const path = places.file(`lock/wrong-${way}.txt`, text)
    const error = await failure({ dependencies: path, frozen: true })
    expect(error.code).toBe(ENVIRONMENT)
    expect(error.message).toContain('greet')
    expect(listEnvironments()).toEqual([])
  })
})

describe('what cannot be installed', () => {
  const cases: [string, string[], string][] = [
    ['does not exist', ['nowhere>=3'], 'nowhere'],
    ['conflicts', ['stale', 'words<2'], 'words'],
    ['does not fit this system', ['windowsonly'], 'windowsonly'],
    ['needs another Python', ['future'], 'future'],
  ]
  it.each(cases)('is named when it %s', async (_, dependencies, name) => {
    const error = await failure({ dependencies })
    expect(error.code).toBe(ENVIRONMENT)
    expect(error.message).toContain(name)
    expect(error.message).toContain('-m venv')
    // a second way would fail as the first did
    expect(error.message).not.toContain('venv and pip of')
    expect(readdirSync(join(process.env['PYTHREADS_CACHE'] ?? '', 'environments'))).toEqual([])
  })

  it('is named by pip as well', async () => {
    vi.stubEnv('PYTHREADS_UV', 'off')
    const error = await failure({ dependencies: ['nowhere>=3'] })
    expect(error.code).toBe(ENVIRONMENT)
    expect(error.message).toContain('nowhere')
  })

  it('is a Python that does not fit what the file requires', async () => {
    const text = '[project]\nrequires-python = ">=3.99"\ndependencies = []\n'
    const path = places.file('future/pyproject.toml', text)
    expect((await failure({ dependencies: path })).code).toBe(ENVIRONMENT)
  })
})

describe('a package index that cannot be reached', () => {
  it.each(['uv', 'pip'])('is named when it refuses the connection, with %s', async (way) => {
    if (way === 'pip') vi.stubEnv('PYTHREADS_UV', 'off')
    vi.stubEnv('UV_DEFAULT_INDEX', 'http://127.0.0.1:9/simple')
    const error = await failure({ dependencies: ['greet'] })
    expect(error.code).toBe(ENVIRONMENT)
    expect(error.message).toContain('127.0.0.1:9')
    expect(error.message).not.toContain('venv and pip of')
  })

  it('is named when it never replies, and neither uv nor pip waits for it', async () => {
    const silent = createServer(() => {})
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/simple`
    vi.stubEnv('UV_DEFAULT_INDEX', url)
    const log = places.path('uv.log')
    vi.stubEnv('PYTHREADS_UV', places.script('logs', `echo "$*" >>'${log}'`, `exec '${uv}' "$@"`))
    try {
      const error = await failure({ dependencies: ['greet'] })
      expect(error.code).toBe(ENVIRONMENT)
      expect(error.message).toContain(url)
      const installs = readFileSync(log, 'utf8').match(/^pip install.*$/gm)
      expect(installs).toEqual([expect.stringContaining('--offline')])
    } finally {
      silent.close()
    }
  })

  it('is not needed for what uv has in its cache', async () => {
    const first = await start({ dependencies: ['greet'] })
    await removeEnvironment(listEnvironments()[0]?.key ?? '')
    const requests = index.requests.length
    vi.stubEnv('UV_DEFAULT_INDEX', index.url)
    vi.stubEnv('HTTP_PROXY', 'http://127.0.0.1:9')
    vi.stubEnv('http_proxy', 'http://127.0.0.1:9')
    vi.stubEnv('NO_PROXY', '')
    vi.stubEnv('no_proxy', '')
    const again = await start({ dependencies: ['greet'] })
    expect(again.version).toBe(first.version)
    expect(index.requests).toHaveLength(requests)
  })
})

describe('a folder for environments that cannot be used', () => {
  it.runIf(process.geteuid !== undefined)(
    'is told: other users may write to it, or to an environment in it',
    async () => {
      const { prefix } = await start({ dependencies: ['greet'] })
      for (const folder of [prefix, dirname(prefix)]) {
        const { mode } = statSync(folder)
        chmodSync(folder, 0o777)
        expect((await failure({ dependencies: ['greet'] })).code).toBe(ENVIRONMENT)
        chmodSync(folder, mode)
      }
      expect(await start({ dependencies: ['greet'] })).toMatchObject({ prefix, events: [] })
    },
  )

  it('is told: no cache, or a folder that is a file', async () => {
    vi.stubEnv('PYTHREADS_CACHE', 'off')
    expect((await failure({ dependencies: [] })).code).toBe(ENVIRONMENT)
    vi.stubEnv('PYTHREADS_CACHE', places.file('a-file', ''))
    expect((await failure({ dependencies: [] })).code).toBe(ENVIRONMENT)
  })
})

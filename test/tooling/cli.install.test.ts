// What the program installs, and that it installs nothing unasked. Packages come from an index on
// loopback.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli, startCli } from '../support/child.ts'
import { deferred } from '../support/deferred.ts'
import { PackageIndex } from '../support/package-index.ts'
import { Places } from '../support/places.ts'
import { placements } from '../support/pythons.ts'
import { realUv } from '../support/real-uv.ts'
import { UvIndex, uvWheel, uvWheelName } from '../support/uv-index.ts'

const places = new Places()
const python = placements.find(({ isolation }) => isolation === 'process')?.python ?? ''
let index: PackageIndex
let uv: string

beforeAll(async () => {
  index = await PackageIndex.start([
    { name: 'greet', version: '1.5', requires: ['words'] },
    { name: 'greet', version: '1.4' },
    { name: 'words', version: '1.0' },
  ])
  uv = realUv(python)
})
afterAll(async () => {
  await index?.[Symbol.asyncDispose]()
  places[Symbol.dispose]()
})

const BLOCK = '# /// script\n# dependencies = ["greet>=1"]\n# ///\n'
const SOURCE = 'import greet\n\n\ndef version(record=None):\n    return greet.VERSION\n'
const script = (name: string, block = BLOCK) => places.file(join('scripts', name), block + SOURCE)

let caches = 0
const newCache = () => places.folder(`cache-${++caches}`)

/** Runs the program in a folder of its own, with the packages of the index. */
function cli(args: string[], cache: string, more: { input?: string; env?: object } = {}) {
  const env = { ...index.env, PYTHREADS_CACHE: cache, PYTHREADS_UV: uv, PYTHREADS_PYTHON: python }
  return runCli(args, { ...more, cwd: places.folder('cwd'), env: { ...env, ...more.env } })
}

async function keys(cache: string): Promise<string[]> {
  const { stdout } = await cli(['env', 'list', '--json'], cache)
  return (JSON.parse(stdout) as { key: string }[]).map(({ key }) => key)
}

describe('a file with a block # /// script', () => {
  it('gets its packages by run and by map, which say so on stderr once', async () => {
    const cache = newCache()
    const target = `${script('rules.py')}:version`
    const first = await cli(['run', target], cache)
    expect(first).toMatchObject({ code: 0, stdout: '"1.5"\n' })
    expect(first.stderr).toContain('greet')
    expect(await cli(['run', target], cache)).toMatchObject({ code: 0, stderr: '' })
    const map = await cli(['map', target, '-q'], cache, { input: '{"id": 1}\n{"id": 2}\n' })
    expect(map).toMatchObject({ code: 0, stdout: '"1.5"\n"1.5"\n', stderr: '' })
    expect(await keys(cache)).toHaveLength(1)
  })

  it('gets none with --no-install, nor does a file without the block', async () => {
    const cache = newCache()
    const refused = await cli(['run', `${script('rules.py')}:version`, '--no-install'], cache)
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toContain('[ERR_PYTHREADS_IMPORT_FAILED]')
    const plain = await cli(['run', `${script('plain.py', '')}:version`], cache)
    expect(plain.stderr).toContain('[ERR_PYTHREADS_IMPORT_FAILED]')
    expect(await keys(cache)).toEqual([])
  })

  it('gets the packages of --with too', async () => {
    const block = '# /// script\n# dependencies = ["words"]\n# ///\n'
    const run = ['run', `${script('more.py', block)}:version`, '--with', 'greet<1.5']
    expect(await cli(run, newCache())).toMatchObject({ code: 0, stdout: '"1.4"\n' })
  })
})

describe('run, map and bench', () => {
  it.each([
    ['--with', () => ['--with', 'greet', '--with', 'words']],
    ['--dependencies', () => ['--dependencies', places.file('needs.txt', 'greet\nwords\n')]],
  ])('install the packages of %s', async (_, flags) => {
    const cache = newCache()
    const run = ['run', `${script('plain.py', '')}:version`, ...flags()]
    expect(await cli(run, cache)).toMatchObject({ code: 0, stdout: '"1.5"\n' })
    const map = ['map', `${script('plain.py', '')}:version`, '-q', ...flags()]
    expect(await cli(map, cache, { input: '1\n' })).toMatchObject({ code: 0, stderr: '' })
  })

  it.concurrent.each([
    ['--with beside --dependencies', ['--with', 'greet', '--dependencies', 'needs.txt']],
    ['--no-install beside --with', ['--no-install', '--with', 'greet']],
    ['--frozen without packages', ['--frozen']],
  ])('refuse %s', async (_, flags) => {
    const ended = await cli(['run', 'math:sqrt', '4', ...flags], newCache())
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toContain('[ERR_PYTHREADS_USAGE]')
  })

  it('say which requirement cannot be installed', async () => {
    const ended = await cli(['run', 'math:sqrt', '4', '--with', 'nowhere'], newCache())
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toMatch(/\[ERR_PYTHREADS_ENVIRONMENT\].*nowhere/s)
  })
})

describe('install', () => {
  it.each<[string, () => string[], () => string[]]>([
    ['packages', () => ['words', 'greet'], () => ['--with', 'greet', '--with', 'words']],
    ['a target', () => [`${script('rules.py')}:version`], () => []],
    ['a file of Python', () => [script('rules.py')], () => []],
  ])('makes the environment that run uses, of %s', async (_, what, flags) => {
    const cache = newCache()
    const made = await cli(['install', '--quiet', ...what()], cache)
    expect(made).toMatchObject({ code: 0, stderr: '' })
    expect(made.stdout.startsWith(join(cache, 'environments'))).toBe(true)
    const offline = { PYTHREADS_UV: 'off', UV_DEFAULT_INDEX: 'http://127.0.0.1:9/simple' }
    const run = ['run', `${script('rules.py')}:version`, ...flags()]
    if (flags().length > 0) run[1] = `${script('plain.py', '')}:version`
    expect(await cli(run, cache, { env: offline })).toMatchObject({ code: 0, stderr: '' })
  })

  it('works anew after it was killed while it downloaded uv', async () => {
    const cache = newCache()
    const version = '0.99.0'
    // It makes a virtual environment by Python, and installs nothing.
    const venv = `for last; do :; done; exec '${python}' -m venv --without-pip "$last"`
    const program = `case "$1" in --version) echo "uv ${version}" ;; venv) ${venv} ;; pip) exit 0 ;; esac`
    const bytes = uvWheel(version, program)
    const isHeld = deferred<void>()
    let mayHold = true
    await using packages = await UvIndex.start({
      files: { [uvWheelName(version)]: { bytes } },
      handle: ({ url }, response) => {
        if (!mayHold || url?.startsWith('/files/') !== true) return false
        response.setHeader('content-length', bytes.length)
        response.write(bytes.subarray(0, 100), () => isHeld.resolve())
        return true
      },
    })
    const env = {
      ...index.env,
      ...{ PATH: '/no/such/folder', PYTHREADS_UV: '', PYTHREADS_CACHE: cache },
      ...{ UV_DEFAULT_INDEX: packages.url, PYTHREADS_PYTHON: python },
    }
    const child = startCli(['install', 'words'], { env })
    await Promise.race([isHeld.promise, child.ended])
    child.kill('SIGKILL')
    expect(await child.ended).toMatchObject({ signal: 'SIGKILL' })
    mayHold = false
    const again = await runCli(['install', 'words'], { env })
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining(cache) })
    expect(readFileSync(join(cache, 'uv', version, 'uv'), 'utf8')).toContain(program)
  })
})

describe('lock', () => {
  it('writes the file that --frozen insists on, and --check compares', async () => {
    const cache = newCache()
    const file = script('locked.py')
    const lock = file.replace('.py', '.pythreads.lock')
    const frozen = () => cli(['run', `${file}:version`, '--frozen'], cache)
    expect((await frozen()).stderr).toContain('[ERR_PYTHREADS_LOCK]')
    expect(await cli(['lock', '--check', file], cache)).toMatchObject({ code: 1 })
    expect(await cli(['lock', file], cache)).toMatchObject({ code: 0, stdout: `${lock}\n` })
    expect(readFileSync(lock, 'utf8')).toMatch(/greet==1.5.*sha256.*words==1.0/s)
    expect(await cli(['lock', '--check', file], cache)).toMatchObject({ code: 0 })
    expect(await frozen()).toMatchObject({ code: 0, stdout: '"1.5"\n' })
    writeFileSync(file, BLOCK.replace('>=1', '<1.5') + SOURCE)
    expect(await cli(['lock', '--check', file], cache)).toMatchObject({ code: 1 })
    expect((await frozen()).stderr).toContain('[ERR_PYTHREADS_LOCK]')
  })
})

describe('env', () => {
  it('lists environments with their size, prints their folders, and removes them', async () => {
    const cache = newCache()
    for (const version of ['1.4', '1.5']) await cli(['install', '-q', `greet==${version}`], cache)
    const { stdout } = await cli(['env'], cache)
    expect(stdout.trim().split('\n')).toEqual([
      expect.stringMatching(/^[0-9a-f]{20} .*\d (k|M)B .*greet==1\.5$/),
      expect.stringMatching(/greet==1\.4$/),
    ])
    const [newest = '', oldest = ''] = await keys(cache)
    const path = await cli(['env', 'path', newest.slice(0, 10)], cache)
    expect(path.stdout).toMatch(new RegExp(`^${join(cache, 'environments', newest)}-`))
    expect(await cli(['env', 'remove', newest], cache)).toMatchObject({ stdout: `${newest}\n` })
    expect(await keys(cache)).toEqual([oldest])
    expect(await cli(['env', 'remove', '--all'], cache)).toMatchObject({ code: 0 })
    expect(await cli(['env'], cache)).toMatchObject({ code: 0, stdout: '' })
  })

  it.concurrent.each([
    [['env', 'lits']],
    [['env', 'remove']],
    [['env', 'remove', 'abc']],
    [['env', 'remove', 'abc', '--all']],
    [['env', '--all']],
    [['env', 'path']],
    [['env', 'list', 'abc']],
  ])('refuses %j', async (args) => {
    const ended = await cli(args, newCache())
    expect(ended).toMatchObject({ code: 2, stdout: '' })
    expect(ended.stderr).toContain('[ERR_PYTHREADS_USAGE]')
  })
})

describe('doctor', () => {
  const report = async (
    args: string[],
    cache: string,
    env = {},
  ): Promise<Record<string, unknown>> => {
    const ended = await cli(['doctor', '--json', ...args], cache, { env })
    return { ...(JSON.parse(ended.stdout) as Record<string, unknown>), code: ended.code }
  }

  it('says what would be installed, and the environment once it is made', async () => {
    const cache = newCache()
    const asked = ['--with', 'greet']
    expect(await report(asked, cache)).toMatchObject({
      code: 0,
      environments: { uv: { path: uv, source: 'PYTHREADS_UV' }, made: [] },
      plan: { missing: ['an environment of greet'] },
    })
    expect(await cli(['install', '-q', 'greet'], cache)).toMatchObject({ code: 0 })
    const made = await report([...asked, '--import', 'greet'], cache)
    const folder = expect.stringContaining(join(cache, 'environments'))
    expect(made).toMatchObject({
      plan: { environment: folder, missing: [] },
      uses: { facts: { prefix: folder } },
      environments: { made: [{ folder, bytes: expect.any(Number) }] },
    })
    const { stdout } = await cli(['doctor', ...asked], cache)
    expect(stdout).toMatch(/^ {2}.*\buv [\d.]+,/m)
    const verbose = await cli(['doctor', '--verbose', ...asked], cache)
    expect(verbose.stdout).toMatch(/^uv [\d.]+ is .* \(from PYTHREADS_UV\)\.\n1 environment in /m)
  })

  it('says why there is no uv, and that it would be downloaded', async () => {
    const env = { PYTHREADS_UV: '', PATH: '/usr/bin:/bin' }
    const said = await report(['--with', 'greet'], newCache(), env)
    expect(said).toMatchObject({
      environments: { uv: null, uvProblems: [expect.stringContaining('PATH')] },
      plan: { missing: ['uv, from the package index', 'an environment of greet'] },
    })
  })

  it.each([
    ['a file that does not exist', ['--dependencies', 'no-such-file.txt']],
    ['a lock file that is missing', ['--with', 'greet', '--frozen']],
  ])('has status 1 for %s', async (_, args) => {
    expect(await report(args, newCache())).toMatchObject({ code: 1, error: expect.any(String) })
  })
})

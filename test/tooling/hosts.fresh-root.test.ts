/**
 * The whole way from `npm install` to numpy in a root with Node and nothing else: pythreads gets uv,
 * Python and numpy when it is asked to. The full suite needs the package index for that.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { filesOfPython, runBare, whyNoBareRoot } from '../support/bare-root.ts'
import { notPossible } from '../support/not-here.ts'
import { packInto } from '../support/packed.ts'
import { Places } from '../support/places.ts'
import { pythons } from '../support/pythons.ts'
import { isFull } from '../support/scale.ts'

const lacking = whyNoBareRoot()
if (lacking !== undefined) notPossible(lacking)

const places = new Places()
afterAll(() => places[Symbol.dispose]())

/** Not Debian's, which is no folder that can be packed. */
const python = pythons.findLast(
  ({ executable, freeThreaded, packages }) =>
    !freeThreaded && packages !== null && !executable.startsWith('/usr/bin/'),
)
const version = python?.version.slice(0, 2).join('.') ?? '3.13'

const TEN_LINES = `import { Python } from 'pythreads'

const py = await Python.start({ python: '${version}', dependencies: ['numpy'], workers: 1 })
const np = py.import('numpy')
console.log(await np.mean([1, 2, 3, 4]), await np.arange(3))
await py.close()
`
const PRINTED = '2.5 BigInt64Array(3) [ 0n, 1n, 2n ]\n'

let app = ''
beforeAll(async () => {
  places.file('app/package.json', '{ "type": "module", "private": true }')
  places.file('app/ten-lines.js', TEN_LINES)
  app = places.path('app')
  mkdirSync(join(app, 'packed'))
  const packed = `./packed/${basename(packInto(join(app, 'packed')))}`
  const ended = await runBare({ app, network: true }, ['npm', 'install', packed])
  expect(ended).toMatchObject({ code: 0 })
})

it('a root without a Python and without a network says what was tried and what to do', async () => {
  const { code, stderr } = await runBare({ app }, ['node', 'ten-lines.js'])
  expect(code).toBe(1)
  expect(stderr).toContain('ERR_PYTHREADS_ENVIRONMENT')
  expect(stderr).toContain('uv on PATH')
  expect(stderr).toContain('the package index')
  expect(stderr).toContain('To get one: ')
})

describe.runIf(isFull && python !== undefined)('a fresh root with the package index', () => {
  const executable = python?.executable ?? ''

  it('runs ten lines with numpy by a Python that is there', async () => {
    const root = { app, python: executable, network: true }
    const ended = await runBare(root, ['node', 'ten-lines.js'])
    expect(ended).toMatchObject({ code: 0, stdout: PRINTED })
    // the environment is there now
    const again = await runBare({ ...root, network: false }, ['node', 'ten-lines.js'])
    expect(again).toEqual({ code: 0, signal: null, stdout: PRINTED, stderr: '' })
  })

  it('runs ten lines with numpy by a Python that uv installs', async () => {
    const [prefix = '', ...libraries] = filesOfPython(executable)
    const archive = packPython(prefix)
    const url = 'file:///srv/app/python.tar.gz'
    writeFileSync(join(app, 'downloads.json'), JSON.stringify(downloads(archive, url)))
    const env = { UV_PYTHON_DOWNLOADS_JSON_URL: 'file:///srv/app/downloads.json' }
    const ended = await runBare({ app, files: libraries, network: true, env }, [
      'node',
      'ten-lines.js',
    ])
    expect(ended).toMatchObject({ code: 0, stdout: PRINTED })
  })

  /** Packs an installation as uv's archives are: a folder `python`. */
  function packPython(prefix: string): string {
    const archive = join(app, 'python.tar.gz')
    const without = ['__pycache__', '*.a', 'site-packages/*', '*/lib/python3.*/test']
    execFileSync('tar', [
      ...['-C', dirname(prefix), ...without.map((name) => `--exclude=${name}`)],
      ...['--transform', `s,^${basename(prefix)},python,`, '-I', 'gzip -1', '-cf', archive],
      basename(prefix),
    ])
    return archive
  }

  function downloads(archive: string, url: string): object {
    const [major, minor, patch] = python?.version ?? []
    const family = process.arch === 'x64' ? 'x86_64' : 'aarch64'
    const key = `cpython-${major}.${minor}.${patch}-linux-${family}-gnu`
    const sha256 = createHash('sha256').update(readFileSync(archive)).digest('hex')
    return {
      [key]: {
        ...{ name: 'cpython', arch: { family, variant: null }, os: 'linux', libc: 'gnu' },
        ...{ major, minor, patch, prerelease: '', variant: null, build: '20261130', url, sha256 },
      },
    }
  }
})

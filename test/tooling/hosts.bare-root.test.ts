/**
 * A root with Node and nothing else, as in a slim container: `npm install` of the packed file, ten
 * lines of JavaScript, and what `pythreads doctor` says of what is missing.
 */
import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BareRoot, runBare, whyNoBareRoot } from '../support/bare-root.ts'
import type { Ended } from '../support/child.ts'
import { notPossible } from '../support/not-here.ts'
import { packInto } from '../support/packed.ts'
import { Places } from '../support/places.ts'
import { pythons } from '../support/pythons.ts'

const lacking = whyNoBareRoot()
if (lacking !== undefined) notPossible(lacking)

const places = new Places()
afterAll(() => places[Symbol.dispose]())
const python = pythons.at(-1)?.executable ?? ''

interface Report {
  uses: unknown
  error: string | null
  cache: unknown
  isolations: Record<string, { verdict: string; remedy?: string }> | null
  koffi: unknown
  pythons: unknown
  toInstall: unknown
}

const TEN_LINES = `import { Python } from 'pythreads'

const py = await Python.start()
const statistics = py.import('statistics')
const results = await Promise.all([
  statistics.mean([1, 2, 3, 4]),
  py.eval\`sum(\${new Uint8Array([1, 2, 3])})\`,
])
console.log(...results)
await py.close()
`

describe('a root with Node and nothing else', () => {
  let app = ''
  let installed: Ended
  beforeAll(async () => {
    places.file('app/package.json', '{ "type": "module", "private": true }')
    places.file('app/ten-lines.js', TEN_LINES)
    app = places.path('app')
    mkdirSync(join(app, 'packed'))
    const tgz = `./packed/${basename(packInto(join(app, 'packed')))}`
    installed = await runBare({ app, network: true }, ['npm', 'install', tgz])
  })
  const node = (root: Partial<BareRoot>, ...args: string[]) =>
    runBare({ app, ...root }, ['node', ...args])

  const doctor = (root: Partial<BareRoot>, ...args: string[]) =>
    node(root, 'node_modules/pythreads/dist/cli/main.js', 'doctor', ...args)
  const json = async (root: Partial<BareRoot>) => {
    const { code, stdout, stderr } = await doctor(root, '--json')
    expect(stderr).toBe('')
    return { code, report: JSON.parse(stdout) as Report }
  }
  /** A program that says that it is this Python, first on PATH. */
  const withFake = (name: string, ...lines: string[]): Partial<BareRoot> => {
    places.script(join('app', name, 'python3'), ...lines)
    return { env: { PATH: `/srv/app/${name}:/usr/bin:/bin` } }
  }

  it('installs the packed file without a compiler and without a Python', () => {
    expect(installed).toMatchObject({ code: 0 })
    expect(installed.stdout).toContain('added')
    // nothing of this package is run, or asks to be allowed to run
    expect(installed.stderr).not.toContain('pythreads@')
  })

  it('runs ten lines of JavaScript with a Python, without a network', async () => {
    const ended = await node({ python }, 'ten-lines.js')
    expect(ended).toEqual({ code: 0, signal: null, stdout: '2.5 6\n', stderr: '' })
  })

  it('runs them where the home folder cannot be written to', async () => {
    const ended = await node({ python, isReadOnly: true }, 'ten-lines.js')
    expect(ended).toEqual({ code: 0, signal: null, stdout: '2.5 6\n', stderr: '' })
    const { code, report } = await json({ python, isReadOnly: true })
    expect({ code, cache: report.cache }).toMatchObject({
      code: 0,
      cache: {
        folder: '/home/app/.cache/pythreads',
        problem: expect.stringContaining('cannot be written'),
      },
    })
  })

  it('says what to install where there is no Python', async () => {
    const ended = await node({}, 'ten-lines.js')
    expect(ended.code).toBe(1)
    expect(ended.stderr).toContain('ERR_PYTHREADS_PYTHON_NOT_FOUND')
    expect(ended.stderr).toContain('To get one: ')
    const { code, report } = await json({})
    expect({ code, ...report }).toMatchObject({
      code: 1,
      uses: null,
      isolations: null,
      error: expect.stringContaining('ERR_PYTHREADS_PYTHON_NOT_FOUND'),
      koffi: { loads: true },
      toInstall: [{ what: 'Python 3.10 or newer', for: 'everything' }],
    })
    const shown = await doctor({})
    expect(shown.code).toBe(1)
    expect(shown.stdout.split('\n').length).toBeLessThan(24)
  })

  it('says that a Python is too old', async () => {
    const { code, report } = await json(withFake('old', '[ "$1" = -E ] && echo 3.8.10'))
    expect({ code, uses: report.uses }).toEqual({ code: 1, uses: null })
    expect(report.pythons).toMatchObject([
      { executable: '/srv/app/old/python3', error: 'ERR_PYTHREADS_PYTHON_TOO_OLD' },
      { given: 'python', error: 'ERR_PYTHREADS_PYTHON_NOT_FOUND' },
    ])
    expect(report.toInstall).toMatchObject([{ what: 'Python 3.10 or newer' }])
  })

  it('says how to get the libpython that a Python lacks', async () => {
    const facts = {
      implementation: 'cpython',
      executable: '/srv/app/static/python3',
      ...{ version: [3, 13, 5], release: '3.13.5', prefix: '/usr', basePrefix: '/usr' },
      ...{ libpython: null, libpythonName: 'libpython3.13.so.1.0', freeThreaded: false },
      ...{ ctypes: true, debian: true },
    }
    const root = withFake('static', `echo 'pythreads ${JSON.stringify(facts)}'`)
    const { code, report } = await json(root)
    expect({ code, ...report.isolations }).toMatchObject({
      code: 0,
      thread: { verdict: 'never', remedy: 'apt install libpython3.13' },
      subinterpreter: { verdict: 'never' },
      process: { verdict: 'auto' },
    })
    expect(report.toInstall).toEqual([
      {
        what: 'libpython',
        for: 'thread and subinterpreter isolation',
        by: 'apt install libpython3.13',
      },
    ])
    expect((await doctor(root)).stdout).toContain('apt install libpython3.13')
  })

  it.each([
    { lost: ['koffi', '@koromix'], by: 'npm install koffi' },
    { lost: ['@koromix'], by: `npm install @koromix/koffi-${process.platform}-${process.arch}` },
  ])('says how to get koffi where $lost is not there, and calls Python', async ({ lost, by }) => {
    const name = `without-${lost.length}`
    cpSync(app, places.path(name), { recursive: true, verbatimSymlinks: true })
    for (const one of lost)
      rmSync(places.path(name, 'node_modules', one), { recursive: true, force: true })
    const root = { app: places.path(name), python }
    const { code, report } = await json(root)
    expect({ code, koffi: report.koffi, toInstall: report.toInstall }).toMatchObject({
      code: 0,
      koffi: { loads: false, command: by },
      toInstall: [{ what: 'koffi', by }],
    })
    expect(report.isolations).toMatchObject({
      thread: { verdict: 'never' },
      process: { verdict: 'auto' },
    })
    expect(await node(root, 'ten-lines.js')).toMatchObject({ code: 0, stdout: '2.5 6\n' })
  })
})

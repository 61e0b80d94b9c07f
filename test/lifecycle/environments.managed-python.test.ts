/**
 * Why: on a machine without Python, uv brings one. It must be there once, belong to this user, and
 * work in every isolation, with the packages of an environment that was made with it.
 */
import { existsSync, readdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { probe } from '../../src/discovery/index.ts'
import { managedPython } from '../../src/environments/managed-python.ts'
import { findUv, type Uv } from '../../src/environments/uv.ts'
import { runCli } from '../support/child.ts'
import { PackageIndex } from '../support/package-index.ts'
import { Places } from '../support/places.ts'
import { downloadsJson, type PythonArchive, pythonArchive } from '../support/python-archive.ts'
import { placements } from '../support/pythons.ts'
import { realUv } from '../support/real-uv.ts'

const places = new Places()
let archive: PythonArchive
let index: PackageIndex
let uv: Uv
let minor: string

/** Variables that hide the Pythons of this machine, except those of the system. */
function env(more: NodeJS.ProcessEnv = {}): Record<string, string> {
  return {
    ...index.env,
    PATH: '/usr/bin:/bin',
    HOME: places.path('home'),
    PYENV_ROOT: places.path('home'),
    ...{ VIRTUAL_ENV: '', CONDA_PREFIX: '', CONDA_EXE: '', PYTHREADS_PYTHON: '' },
    PYTHREADS_CACHE: places.path('cache'),
    PYTHREADS_UV: uv.path,
    UV_PYTHON_DOWNLOADS_JSON_URL: `file://${places.path('downloads.json')}`,
    ...more,
  } as Record<string, string>
}

beforeAll(async () => {
  archive = pythonArchive()
  minor = archive.python.version.slice(0, 2).join('.')
  places.file('downloads.json', downloadsJson(archive))
  index = await PackageIndex.start([{ name: 'greet', version: '1.5' }])
  const { python } = placements[0] ?? { python: '' }
  uv = (await findUv({ env: { PYTHREADS_UV: realUv(python) }, mayFetch: false })) as Uv
})
afterAll(async () => {
  await index?.[Symbol.asyncDispose]()
  places[Symbol.dispose]()
})

describe('a Python that uv installs', () => {
  it('is in the cache, is installed once, and fits a version or a range', async () => {
    const lines: string[] = []
    const ask = (request: string) =>
      managedPython(uv, request, (line) => lines.push(line), { env: env() })
    const path = await ask(minor)
    expect(path.startsWith(places.path('cache', 'python'))).toBe(true)
    expect(path).toContain(archive.python.release)
    expect(lines.length).toBeGreaterThan(0)
    lines.length = 0
    const [, number = 0] = archive.python.version
    const ranges = [archive.python.release, `>=${minor},<3.${number + 1}`, `${minor} - 3.${number}`]
    for (const range of ranges) expect(await ask(range)).toBe(path)
    expect(lines).toEqual([])
    expect(existsSync(places.path('home', '.local'))).toBe(false)
    expect((await probe(path)).release).toBe(archive.python.release)
  })

  it.each([
    ['a version that uv does not know', '3.99', {}],
    ['a build that uv does not know', `3.10t`, {}],
  ])('is an error for %s', async (_, request, more) => {
    await expect(managedPython(uv, request, () => {}, { env: env(more) })).rejects.toMatchObject({
      code: 'ERR_PYTHREADS_ENVIRONMENT',
    })
  })

  /** Variables with another cache, and with other downloads. */
  function elsewhere(name: string, more: object): Record<string, string> {
    const path = places.file(`${name}.json`, downloadsJson(archive, more))
    return env({
      PYTHREADS_CACHE: places.path(`cache-${name}`),
      UV_PYTHON_DOWNLOADS_JSON_URL: `file://${path}`,
    })
  }

  it.each<[string, object, NodeJS.ProcessEnv, RegExp]>([
    ['has another hash', { sha256: 'a'.repeat(64) }, {}, /hash|sha256/i],
    ['is not there', { url: 'file:///no/such/archive.tar.gz' }, {}, /could not be installed/],
    ['cannot be reached', { url: 'http://127.0.0.1:9/python.tar.gz' }, {}, /cannot be downloaded/],
    ['may not be downloaded', {}, { UV_PYTHON_DOWNLOADS: 'never' }, /UV_PYTHON_DOWNLOADS/],
  ])('is an error where its archive %s', async (what, more, variables, words) => {
    const given = { ...elsewhere(what.replaceAll(' ', '-'), more), ...variables }
    await expect(managedPython(uv, minor, () => {}, { env: given })).rejects.toMatchObject({
      code: 'ERR_PYTHREADS_ENVIRONMENT',
      message: expect.stringMatching(words),
    })
  })

  it('is an error soon where its server takes a connection and never replies', async () => {
    const server = createServer(() => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const given = elsewhere('silent', { url: `http://127.0.0.1:${port}/python.tar.gz` })
    try {
      const unreachable = 'the package index does not reply'
      await expect(
        managedPython(uv, minor, () => {}, { env: given, unreachable }),
      ).rejects.toMatchObject({ message: expect.stringContaining('no reply within 1 s') })
    } finally {
      server.close()
    }
  })
})

describe('a program that asks for a version that the machine lacks', () => {
  it.each(['process', 'thread'])(
    'gets it with its packages, in isolation %s',
    async (isolation) => {
      const script = places.file(
        'rules.py',
        [
          '# /// script',
          `# requires-python = "==${minor}.*"`,
          '# dependencies = ["greet"]',
          '# ///',
          'import sys',
          'import greet',
          'def where():',
          '    return [sys.prefix, sys.base_prefix, sys.version.split()[0], greet.VERSION]',
          '',
        ].join('\n'),
      )
      const run = ['run', `${script}:where`, '--isolation', isolation]
      const { code, stdout, stderr } = await runCli(run, { env: env() })
      expect({ code, failure: code === 0 ? '' : stderr }).toEqual({ code: 0, failure: '' })
      expect(JSON.parse(stdout)).toEqual([
        expect.stringContaining(places.path('cache', 'environments')),
        expect.stringContaining(places.path('cache', 'python')),
        archive.python.release,
        '1.5',
      ])
      const installed = readdirSync(places.path('cache', 'python'), { withFileTypes: true })
      expect(
        installed.filter((one) => one.isDirectory() && !one.name.startsWith('.')),
      ).toHaveLength(1)
    },
  )

  it('gets it by `pythreads install`, and finds it afterwards without packages', async () => {
    const cache = { PYTHREADS_CACHE: places.path('cache-install') }
    const lacking = await runCli(['run', 'math:sqrt', '4', '--python', minor], { env: env(cache) })
    expect(lacking).toMatchObject({ code: 1, stdout: '' })
    expect(lacking.stderr).toContain('ERR_PYTHREADS_PYTHON_NOT_FOUND')
    const doctor = ['doctor', '--json', '--python', minor, '--with', 'greet']
    const planned = await runCli(doctor, { env: env(cache) })
    expect(JSON.parse(planned.stdout)).toMatchObject({
      plan: { missing: [`Python ${minor}, by uv`, 'an environment of greet'] },
    })
    const made = await runCli(['install', '--python', minor], { env: env(cache) })
    expect(made).toMatchObject({ code: 0 })
    const run = ['run', 'sys:version.split', '--python', minor]
    const found = await runCli(run, { env: env({ ...cache, PYTHREADS_UV: 'off' }) })
    expect(found).toMatchObject({ code: 0, stderr: '' })
    expect(JSON.parse(found.stdout)[0]).toBe(archive.python.release)
  })
})

/** What is not installed is left out on a developer's machine. In CI it is a failure. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeEach, describe, expect, it, TestRunner, vi } from 'vitest'
import type { TestProject } from 'vitest/node'
import { NotHereError, notHere } from '../support/not-here.ts'
import { Places } from '../support/places.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())
afterEach(() => vi.unstubAllEnvs())

describe('a test that needs numpy', () => {
  it('fails in CI where there is no numpy', () => {
    vi.stubEnv('CI', 'true')
    expect(() => notHere('numpy')).toThrow(/no numpy/)
    expect(() => notHere('numpy')).not.toThrow(NotHereError)
  })

  it('is left out elsewhere where there is no numpy', () => {
    vi.stubEnv('CI', '')
    // As at the top of a file: a test would be skipped here, so this one.
    const outside = vi.spyOn(TestRunner, 'getCurrentTest').mockReturnValue(undefined)
    expect(() => notHere('numpy')).toThrow(NotHereError)
    outside.mockRestore()
  })
})

describe('the set-up of the tests', () => {
  const provided = new Map<string, unknown>()
  const root = {
    getProvidedContext: () => ({}),
    provide: (key: string, value: unknown) => void provided.set(key, value),
  }
  const project = {
    vitest: { config: { project: [] }, getRootProject: () => root },
  } as unknown as TestProject
  const facts = {
    executable: '/no/such/python',
    release: '3.12.1',
    version: [3, 12, 1],
    freeThreaded: false,
    libpython: null,
  }

  beforeEach(() => {
    vi.resetModules()
    vi.stubEnv('PYTHREADS_TESTS', '')
    vi.doMock('../../src/discovery/index.ts', async (load) => ({
      ...(await load<object>()),
      findAll: async () => [{ facts }],
    }))
    vi.doMock('../../scripts/python-packages.ts', () => ({ withPackages: () => null }))
  })
  afterEach(() => {
    vi.doUnmock('../../src/discovery/index.ts')
    vi.doUnmock('../../scripts/python-packages.ts')
  })

  it('names the isolations that no Python of the machine can do', async () => {
    vi.stubEnv('CI', '')
    const { default: setup } = await import('../support/pythons.setup.ts')
    await setup(project)
    expect(provided.get('pythons')).toMatchObject([
      { executable: '/no/such/python', isolations: ['process'] },
    ])
    expect(provided.get('missing')).toContainEqual(expect.stringContaining('free-threaded'))
  })

  it('fails in CI where no Python of the machine can do an isolation', async () => {
    vi.stubEnv('CI', 'true')
    const { default: setup } = await import('../support/pythons.setup.ts')
    await expect(setup(project)).rejects.toThrow(/lacks .*libpython/)
  })
})

describe('npm run test:full without a chroot of the newest Pythons', () => {
  const script = readFileSync(
    fileURLToPath(new URL('../../scripts/test-full.sh', import.meta.url)),
    'utf8',
  )
  places.file('tree/scripts/test-full.sh', script)
  for (const name of ['bin/npm', 'bin/npx', 'bin/bwrap', 'tree/scripts/nodes.sh'])
    places.script(name, 'echo "1 passed, 0 failed, 0 skipped"')
  places.script('tree/scripts/newest.sh', 'exit 1')

  it.each([
    ['', 0],
    ['true', 1],
  ])('ends with CI=%j with the status %i', (CI, status) => {
    const env = {
      ...process.env,
      CI,
      PATH: `${places.path('bin')}:${process.env['PATH']}`,
      PYTHREADS_PASSED: '',
    }
    const ended = spawnSync('bash', [places.path('tree/scripts/test-full.sh')], {
      env,
      encoding: 'utf8',
    })
    expect(ended.stdout).toContain('the newest Pythons (no chroot')
    expect(ended.status).toBe(status)
  })
})

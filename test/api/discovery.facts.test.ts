/**
 * What is known of a Python is true: in-process isolation loads the libpython that the facts name,
 * and the gates go by version and build.
 */

import { execFileSync } from 'node:child_process'
import { EventEmitter } from 'node:events'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { findPython, probe } from '../../src/discovery/index.ts'
import { createIsolation } from '../../src/isolation/index.ts'
import { Observer } from '../../src/observe/index.ts'
import { Pool } from '../../src/pool/index.ts'
import { callRequest } from '../../src/remote/index.ts'
import { KIND } from '../../src/wire/index.ts'
import { SocketWorkers } from '../../src/worker/index.ts'
import { Places } from '../support/places.ts'
import { pythons } from '../support/pythons.ts'
import { SETTINGS } from '../support/settings.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())
afterEach(() => vi.unstubAllEnvs())

describe.each(pythons)('Python $release (free-threaded: $freeThreaded)', ({ executable }) => {
  const ask = (source: string) =>
    execFileSync(executable, ['-c', source], { encoding: 'utf8' }).trim()

  it('has the version, the build and the prefixes that it says', async () => {
    const { facts } = await findPython(executable)
    const source =
      'import sys, sysconfig; print(*sys.version_info[:3], sys.prefix, sys.base_prefix,' +
      ' bool(sysconfig.get_config_var("Py_GIL_DISABLED")), sys.executable)'
    const { version, prefix, basePrefix, freeThreaded } = facts
    const told = [
      ...version,
      prefix,
      basePrefix,
      freeThreaded ? 'True' : 'False',
      facts.executable,
    ].join(' ')
    expect(told).toBe(ask(source))
    expect(facts.release).toBe(ask('import sys; print(sys.version.split()[0])'))
    expect(facts.ctypes).toBe(true)
  })

  it('in a virtual environment has the prefix of that and the library of the base', async () => {
    const { facts: base } = await findPython(executable)
    const folder = places.realVenv(
      `venv ${base.release}${base.freeThreaded ? 't' : ''} é`,
      executable,
    )
    const { facts } = await findPython(folder)
    expect(facts).toEqual({ ...base, executable: facts.executable, prefix: folder })
    expect(dirname(facts.executable)).toBe(join(folder, 'bin'))
  })
})

describe('the libpython', () => {
  it.each(pythons.filter(({ isolations }) => isolations.includes('thread')))(
    'of Python $release is that of its version and build',
    async ({ executable }) => {
      const { facts } = await findPython(executable)
      const path = facts.libpython ?? ''
      expect(existsSync(path)).toBe(true)
      expect(realpathSync(path)).toBe(path)
      expect(basename(path)).toContain(
        `libpython${facts.version[0]}.${facts.version[1]}${facts.freeThreaded ? 't' : ''}.`,
      )
      const source =
        'import ctypes, sys; version = ctypes.PyDLL(sys.argv[1]).Py_GetVersion; version.restype = ctypes.c_char_p;' +
        ' print(version().decode().split()[0])'
      expect(execFileSync(executable, ['-c', source, path], { encoding: 'utf8' }).trim()).toBe(
        facts.release,
      )
    },
  )
})

describe('facts', () => {
  const python = pythons[0]?.executable ?? ''

  it('are those of the real Python where a program stands before it, as with pyenv', async () => {
    const shim = places.script('shims/python3', `exec ${python} "$@"`)
    expect((await findPython(shim)).facts).toEqual((await findPython(python)).facts)
  })

  it('do not depend on the PYTHON* variables of the environment', async () => {
    const folder = places.venv('undisturbed', python)
    vi.stubEnv('PYTHONHOME', '/nowhere')
    vi.stubEnv('PYTHONPATH', '/nowhere')
    expect((await findPython(folder)).facts.prefix).toBe(folder)
  })

  it('do not depend on what a module of the site prints', async () => {
    const folder = places.venv('chatty', python)
    const packages = execFileSync(join(folder, 'bin', 'python'), [
      '-Ic',
      'import site; print(site.getsitepackages()[0])',
    ])
    places.file(
      join('chatty', relative(folder, String(packages).trim()), 'chatty.pth'),
      'import sys; print("hello", end="")\n',
    )
    expect((await findPython(folder)).facts.prefix).toBe(folder)
  })

  it('are asked once, and anew after a failure', async () => {
    const log = places.path('log')
    const counted = places.script('counted', `echo asked >> ${log}`, `exec ${python} "$@"`)
    await Promise.all([probe(counted), probe(counted), findPython(counted)])
    expect(readFileSync(log, 'utf8')).toBe('asked\n')
    const failing = places.script('mended', 'exit 1')
    await expect(probe(failing)).rejects.toMatchObject({ code: 'ERR_PYTHREADS_PYTHON_BROKEN' })
    places.script('mended', `exec ${python} "$@"`)
    expect((await probe(failing)).version).toEqual(pythons[0]?.version)
  })
})

describe('a Python without libpython', () => {
  const python = pythons[0]?.executable ?? ''

  it.each(['thread', 'subinterpreter'] as const)(
    'cannot do %s, and says how to mend that',
    async (kind) => {
      const facts = { ...(await findPython(python)).facts, libpython: null, debian: false }
      expect(() => createIsolation(kind, facts, SETTINGS)).toThrow(
        expect.objectContaining({
          code: 'ERR_PYTHREADS_LIBPYTHON_NOT_FOUND',
          message: expect.stringMatching(/libpython3.*--enable-shared[\s\S]*isolation 'process'/),
        }),
      )
      expect(() => createIsolation(kind, { ...facts, debian: true }, SETTINGS)).toThrow(
        `apt install libpython${facts.version[0]}.${facts.version[1]}`,
      )
    },
  )

  it('does process isolation', async () => {
    const facts = { ...(await findPython(python)).facts, libpython: null }
    const pool = new Pool({
      source: new SocketWorkers(createIsolation('process', facts, SETTINGS), SETTINGS),
      size: { min: 1, max: 1, idleMs: 0 },
      initialize: undefined,
      maxQueue: null,
      timeoutMs: null,
      queueTimeoutMs: null,
      graceMs: 1000,
      closeGraceMs: 1000,
      startTimeoutMs: 60_000,
      maxWedged: 1,
      recycle: { calls: null, ageMs: null, memoryMb: null },
      copy: 0,
      exact: false,
      readonly: false,
      naiveDates: 'exact',
      proxyFor: () => undefined,
      observer: new Observer(new EventEmitter()),
    })
    await pool.start()
    expect(await pool.submit(KIND.CALL, callRequest('json:dumps', [[1]], {}))).toBe('[1]')
    await pool.close()
  })
})

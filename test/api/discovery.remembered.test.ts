/**
 * What was learned about a Python is kept on disk for later processes, and is only believed while
 * it must still be true.
 */
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { findAll, findPython, type PythonFacts } from '../../src/discovery/index.ts'
import { recall, remember } from '../../src/discovery/remembered.ts'
import { Places } from '../support/places.ts'
import { pythons } from '../support/pythons.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())

let count = 0

/** A made-up installation, a folder for what is remembered, and its facts, remembered. */
function known(change: Partial<PythonFacts> = {}) {
  const name = `installation-${count++}`
  const executable = places.script(`${name}/bin/python3`, 'exit 1')
  const libpython = places.file(`${name}/lib/libpython3.11.so.1.0`, 'library')
  places.file(`${name}/pyvenv.cfg`, 'home = /usr/bin')
  const prefix = places.path(name)
  const facts: PythonFacts = {
    ...{
      executable,
      libpython,
      prefix,
      basePrefix: prefix,
      version: [3, 11, 7],
      release: '3.11.7',
    },
    ...{
      libpythonName: 'libpython3.11.so.1.0',
      freeThreaded: false,
      ctypes: true,
      debian: false,
      ...change,
    },
  }
  const env: NodeJS.ProcessEnv = { PYTHREADS_CACHE: places.path(`${name}/cache`) }
  remember(executable, facts, env)
  const file = () => places.path(`${name}/cache/${readdirSync(places.path(`${name}/cache`))[0]}`)
  return { name, executable, libpython, facts, env, file }
}

/** As if something had been installed over it. */
const touch = (path: string) => utimesSync(path, new Date(), new Date(Date.now() + 10_000))

describe('what was learned about a Python', () => {
  it('is known again', () => {
    const { executable, facts, env } = known()
    expect(recall(executable, env)).toEqual(facts)
  })

  it('only readable and writable by its owner', () => {
    expect(statSync(known().file()).mode & 0o777).toBe(0o600)
  })

  it.runIf(process.platform === 'linux')(
    'kept in the place that the system has for such things',
    () => {
      const { executable, facts } = known()
      remember(executable, facts, { XDG_CACHE_HOME: places.path('xdg') })
      expect(readdirSync(places.path('xdg', 'pythreads'))).toEqual([
        `${encodeURIComponent(executable)}.json`,
      ])
    },
  )

  it('nowhere when it is not to be kept', () => {
    const { executable, facts } = known()
    remember(executable, facts, { PYTHREADS_CACHE: 'off', XDG_CACHE_HOME: places.path('none') })
    expect(() => readdirSync(places.path('none'))).toThrow('ENOENT')
    expect(recall(executable, { PYTHREADS_CACHE: 'off' })).toBeUndefined()
  })

  it.each(['executable', 'libpython'] as const)('is not believed when the %s changed', (which) => {
    const python = known()
    touch(python[which])
    expect(recall(python.executable, python.env)).toBeUndefined()
  })

  it('is not believed when its virtual environment changed', () => {
    const { name, executable, env } = known()
    places.file(`${name}/pyvenv.cfg`, 'home = /usr/local/bin')
    expect(recall(executable, env)).toBeUndefined()
  })

  it('is not believed where libraries are looked for in other places', () => {
    const { executable, env } = known()
    expect(recall(executable, { ...env, LD_LIBRARY_PATH: '/opt/lib' })).toBeUndefined()
  })

  it('is not believed when others may have written it', () => {
    const { executable, env, file } = known()
    chmodSync(file(), 0o622)
    expect(recall(executable, env)).toBeUndefined()
  })

  it.each(['', '{', 'null', '{"stamp": 1}', '[]'])('is not believed when it reads %j', (text) => {
    const { executable, env, file } = known()
    writeFileSync(file(), text)
    expect(recall(executable, env)).toBeUndefined()
  })

  it('replaced by what is learned later', () => {
    const { executable, facts, env, file } = known()
    touch(executable)
    remember(executable, { ...facts, release: '3.11.8' }, env)
    expect(recall(executable, env)?.release).toBe('3.11.8')
    expect(readFileSync(file(), 'utf8')).toContain('3.11.8')
  })
})

describe('not kept is', () => {
  it('what speaks for another program, as a script that chooses a version', () => {
    const { executable, env } = known({ executable: '/usr/bin/python3' })
    expect(recall(executable, env)).toBeUndefined()
  })

  it('what lacks something that may be installed at any time', () => {
    const withoutLibrary = known({ libpython: null })
    expect(recall(withoutLibrary.executable, withoutLibrary.env)).toBeUndefined()
    const withoutCtypes = known({ ctypes: false })
    expect(recall(withoutCtypes.executable, withoutCtypes.env)).toBeUndefined()
  })

  it('what has no place to be kept: that is no error', () => {
    const { name, executable, facts } = known()
    const env = { PYTHREADS_CACHE: places.file(`${name}/in-the-way`, '') }
    remember(executable, facts, env)
    expect(recall(executable, env)).toBeUndefined()
    mkdirSync(places.path(`${name}/empty`))
    expect(recall(executable, { PYTHREADS_CACHE: places.path(`${name}/empty`) })).toBeUndefined()
  })
})

describe('a Python', () => {
  const real = pythons[0]?.executable ?? ''
  const venv = (name: string) => `${places.venv(name, real)}/bin/python`

  it('is asked once, and remembered', async () => {
    const executable = venv('asked')
    const { facts } = await findPython(executable)
    expect(recall(executable)).toEqual(facts)
  })

  it('that is remembered is not asked again, unless all are looked for', async () => {
    const [asked, remembered] = [venv('first'), venv('second')]
    const { facts } = await findPython(asked)
    const prefix = places.path('second')
    remember(remembered, { ...facts, executable: remembered, prefix, release: 'as it was' })
    expect((await findPython(remembered)).facts.release).toBe('as it was')

    const again = venv('third')
    remember(again, {
      ...facts,
      executable: again,
      prefix: places.path('third'),
      release: 'as it was',
    })
    const all = await findAll(again)
    expect(all[0]?.facts).toMatchObject({ executable: again, release: facts.release })
    expect(recall(again)?.release).toBe(facts.release)
  })
})

/**
 * A program that starts a Python, as a script with a sandbox does, is what every Python of a pool
 * is started by: none runs without it, none in this process. Only the scripts of pyenv and its like
 * are passed by: they do nothing but choose a version.
 */
import { existsSync, readFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { findPython } from '../../src/discovery/index.ts'
import { Python } from '../../src/index.ts'
import { choose, supportOf } from '../../src/isolation/index.ts'
import { Places } from '../support/places.ts'
import { pythons } from '../support/pythons.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())
const python = pythons[0]?.executable ?? ''
const free = pythons.find(({ freeThreaded }) => freeThreaded)?.executable

/** A script that writes down each start. */
const wrapped = (name: string, line: string) =>
  places.script(name, `echo start >> ${places.path(`${name}.log`)}`, line)
const starts = (name: string) =>
  readFileSync(places.path(`${name}.log`), 'utf8').split('\n').length - 1

describe('a program that starts a Python', () => {
  it('is the executable of its facts, which are not kept for later processes', async () => {
    const script = wrapped('facts', `exec ${python} "$@"`)
    const { facts } = await findPython(script)
    expect(facts).toMatchObject({
      executable: script,
      isWrapper: true,
      version: pythons[0]?.version,
    })
    expect(
      (await findPython(places.script('shims/python3', `exec ${python} "$@"`))).facts.executable,
    ).toBe(python)
  })

  it.each([
    ['and becomes it', `exec ${python} "$@"`],
    ['and waits for it', `${python} "$@"\nexit $?`],
  ])('%s starts every worker, and the one of sync calls', async (_, line) => {
    const name = line.startsWith('exec') ? 'becomes' : 'waits'
    const py = await Python.start({ python: wrapped(name, line), workers: 2 })
    const array = new Float64Array(100_000).fill(1)
    expect(py.stats()).toMatchObject({
      isolation: 'process',
      python: { executable: places.path(name) },
    })
    expect(await Promise.all([1, 2].map(() => py.eval`sum(${array})`))).toEqual([100_000, 100_000])
    expect(await py.eval<Uint8Array>`bytes(300_000)`).toHaveLength(300_000)
    expect(py.sync.eval`1 + 1`).toBe(2)
    await py.close()
    expect(starts(name)).toBe(4) // the question what it is, two workers, one for sync calls
  })

  it.runIf(process.platform === 'linux')(
    'and waits for it leaves none behind when a worker is ended by force',
    async () => {
      const py = await Python.start({
        python: wrapped('killed', `${python} "$@"\nexit $?`),
        workers: 1,
      })
      const pid = await py.eval<number>`__import__('os').getpid()`
      const code = py
        .run('builtins:sum', [await py.eval`range(10**12)`])
        .catch((error: { code?: string }) => error.code)
      py.destroy()
      expect(await code).toBe('ERR_PYTHREADS_DESTROYED')
      while (existsSync(`/proc/${pid}`)) await setImmediate()
    },
  )

  it.each(['thread', 'subinterpreter'] as const)(
    'is never passed by for isolation %s',
    async (isolation) => {
      const script = places.script(`no-${isolation}`, `exec ${free ?? python} "$@"`)
      const code = 'ERR_PYTHREADS_ISOLATION_UNAVAILABLE'
      await expect(Python.start({ python: script, isolation, workers: 1 })).rejects.toMatchObject({
        code,
      })
      const { facts } = await findPython(script)
      expect(supportOf(isolation, { ...facts, libpython: null })).toMatchObject({
        verdict: 'never',
        remedy: undefined,
      })
      expect((await choose(facts, ['json'], [])).isolation).toBe('process')
    },
  )
})

/**
 * What `'auto'` chooses on real Pythons: a thread where the GIL stays off with the modules that a
 * pool needs, else a process; never a subinterpreter.
 */
import { afterAll, describe, expect, it } from 'vitest'
import { findPython } from '../../src/discovery/index.ts'
import { Python } from '../../src/index.ts'
import { choose } from '../../src/isolation/index.ts'
import { made } from '../support/facts.ts'
import { Places } from '../support/places.ts'
import { pythons } from '../support/pythons.ts'

const FREE = { freeThreaded: true }
const places = new Places()
afterAll(() => places[Symbol.dispose]())

const capable = pythons.findLast(
  ({ freeThreaded, isolations }) => !freeThreaded && isolations.includes('subinterpreter'),
)
const free = pythons.find(({ freeThreaded }) => freeThreaded)

describe('auto', () => {
  const path = places.folder('modules')
  places.file('modules/only_here.py', 'import json\n')
  places.file('modules/raises.py', 'raise ValueError("not today")\n')
  places.file('modules/exits.py', 'raise SystemExit(3)\n')
  places.file('modules/aborts.py', 'import os\nos.abort()\n')
  places.file('modules/locks.py', 'import sys\nsys._is_gil_enabled = lambda: True\n')
  places.file('modules/prints.py', 'print("hello", end="")\n')
  places.file('modules/targets.py', 'raise ValueError("not the one of the kernel")\n')

  const named = (module: string) =>
    module.endsWith('.py') ? places.path('modules', module) : module
  const chosen = async (python: string | undefined, modules: string[], folders: string[] = []) => {
    const { facts } = await findPython(python)
    const { isolation, reasons } = await choose(facts, modules.map(named), folders)
    expect(reasons.at(-1)).toMatch(new RegExp(`^${isolation}: `))
    return { isolation, reasons: reasons.join('\n') }
  }

  it.each(pythons)(
    'takes on $release (free-threaded: $freeThreaded) a thread if there is no GIL, else a process',
    async (python) => {
      const { isolation, reasons } = await chosen(python.executable, [])
      expect(isolation).toBe(python.freeThreaded ? 'thread' : 'process')
      if (!python.freeThreaded)
        expect(reasons).toMatch(/^not thread: .*\nnot subinterpreter: .*\nprocess: /)
    },
  )

  it('does not try modules where there is a GIL: nothing runs', async () => {
    for (const python of pythons.filter(({ freeThreaded }) => !freeThreaded)) {
      const { facts } = await findPython(python.executable)
      const { isolation, trials } = await choose(
        facts,
        ['there_is_no_such_module', named('aborts.py')],
        [],
      )
      expect({ isolation, trials }).toEqual({ isolation: 'process', trials: [] })
    }
  })

  it.runIf(free !== undefined).each([
    ['json', []],
    ['faulthandler', []],
    ['only_here', [path]],
    ['only_here.py', []],
    ['prints', [path]],
  ])('with %s stays a thread without a GIL', async (module, folders) => {
    expect((await chosen(free?.executable, ['json', module], folders)).isolation).toBe('thread')
  })

  it.runIf(free !== undefined).each([
    [
      'there_is_no_such_module',
      /there_is_no_such_module: No module named 'there_is_no_such_module'/,
    ],
    ['only_here', /only_here: No module named 'only_here'/],
    ['none.py', /none\.py: .*No such file/],
    ['raises.py', /raises\.py: ValueError: not today/],
    ['exits.py', /exits\.py: SystemExit: 3/],
    ['aborts.py', /aborts\.py: .*SIGABRT/],
    ['targets.py', /targets\.py: ValueError: not the one of the kernel/],
    ['report', /report: No module named 'report'/],
  ])('%s, which does not import, falls to process with the reason', async (module, reason) => {
    const { isolation, reasons } = await chosen(free?.executable, [module])
    expect(isolation).toBe('process')
    expect(reasons).toMatch(reason)
  })

  it.runIf(free !== undefined)(
    'a module that turns the GIL on again falls to process on a free-threaded build',
    async () => {
      const { isolation, reasons } = await chosen(free?.executable, ['locks'], [path])
      expect(isolation).toBe('process')
      expect(reasons).toContain('locks: importing it turns the GIL on again')
    },
  )

  it('falls to process on a free-threaded build whose library does not load here, as one of musl does not into Node of glibc', async () => {
    const libpython = places.file('libpython3.14t.so.1.0', 'of another system')
    const { isolation, reasons } = await choose(made('3.14.2', { ...FREE, libpython }), [], [])
    expect(isolation).toBe('process')
    expect(reasons[0]).toMatch(/^not thread: .*libpython3\.14t\.so\.1\.0 does not load: /)
  })

  it.runIf(free !== undefined)(
    'takes a process, and says so, where this process already runs another Python',
    async () => {
      const options = { python: places.venv('another', free?.executable ?? ''), workers: 1 }
      await using first = await Python.start({ python: free?.executable, workers: 1 })
      await using second = await Python.start(options)
      expect([first.stats().isolation, second.stats().isolation]).toEqual(['thread', 'process'])
      expect(second.stats().reasons[0]).toMatch(
        /^not thread: This process already runs the Python of /,
      )
      expect(await second.eval('__import__("sys").prefix')).toBe(options.python)
      await expect(Python.start({ ...options, isolation: 'thread' })).rejects.toMatchObject({
        code: 'ERR_PYTHREADS_OTHER_PYTHON',
      })
    },
  )

  it.runIf(capable !== undefined)(
    'is what Python.start does by default, and says in its stats',
    async () => {
      const preload = ['faulthandler', named('only_here.py')]
      await using py = await Python.start({ python: capable?.executable, workers: 1, preload })
      expect(py.stats().isolation).toBe('process')
      expect(py.stats().reasons.at(-1)).toContain('every extension module loads')
      // a worker process tells of its crashes by it
      expect(await py.run('faulthandler:is_enabled')).toBe(true)
    },
  )
})

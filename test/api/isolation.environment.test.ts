/**
 * Where a worker process finds modules: what PYTHONPATH and `path` name, never the current folder,
 * from which anybody's json.py could stand in for the real one. With each Python, as how a Python
 * fills sys.path depends on its version.
 */
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { Python } from '../../src/index.ts'
import { Places } from '../support/places.ts'
import { pythons } from '../support/pythons.ts'

const places = new Places()
const cwd = process.cwd()
afterEach(() => {
  vi.unstubAllEnvs()
  process.chdir(cwd)
})
afterAll(() => places[Symbol.dispose]())

places.file('named/only_here.py', 'WHERE = "PYTHONPATH"\n')
places.file('current/only_here.py', 'WHERE = "the current folder"\n')
places.file('current/json.py', 'raise ValueError("not the json of the standard library")\n')

describe.each(pythons)(
  'a worker process of Python $release (free-threaded: $freeThreaded)',
  ({ executable: python }) => {
    const start = (path: string[] = []) =>
      Python.start({ python, isolation: 'process', workers: 1, path })

    it.each(['', '1'])(
      'imports from PYTHONPATH, not from the current folder, with PYTHONSAFEPATH=%j',
      async (safe) => {
        vi.stubEnv('PYTHONPATH', places.path('named'))
        vi.stubEnv('PYTHONSAFEPATH', safe)
        process.chdir(places.path('current'))
        await using py = await start()
        expect(await py.import('only_here').WHERE).toBe('PYTHONPATH')
        expect(await py.run('json:dumps', [1])).toBe('1')
        expect(py.sync.import('only_here').WHERE).toBe('PYTHONPATH')
        expect(py.sync.run('json:dumps', [1])).toBe('1')
      },
    )

    it('imports from `path` before PYTHONPATH', async () => {
      vi.stubEnv('PYTHONPATH', places.path('named'))
      await using py = await start([places.path('current')])
      expect(await py.import('only_here').WHERE).toBe('the current folder')
    })

    it('reads and prints UTF-8, whatever the locale', async () => {
      for (const [name, value] of Object.entries({
        LC_ALL: 'C',
        PYTHONUTF8: '0',
        PYTHONCOERCECLOCALE: '0',
      }))
        vi.stubEnv(name, value)
      await using py = await start()
      expect(
        await py.eval('[__import__("sys").flags.utf8_mode, __import__("sys").stdout.encoding]'),
      ).toEqual([1, 'utf-8'])
      expect(await py.eval('__import__("sys").getfilesystemencoding()')).toBe('utf-8')
    })
  },
)

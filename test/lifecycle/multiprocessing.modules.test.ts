/**
 * What test/api/suites/spawned-modules.ts has of processes that a worker starts is not repeated
 * here.
 */

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Python } from '../../src/index.ts'
import { file, start } from '../support/placement.ts'
import { Places } from '../support/places.ts'
import { placements, pythons } from '../support/pythons.ts'

const SOURCE = readFileSync(file('squares.py'), 'utf8')
const PATIENCE = { timeout: 180_000 }

describe.each(placements.filter((place) => place.isolation === 'process'))(
  'forked processes of a pool, $name',
  (place) => {
    it('know what exec has defined', PATIENCE, async () => {
      await using py = await start(place, { workers: 1 })
      await py.exec(SOURCE)
      expect(await py.eval('pool(square, [1, 2], "fork")')).toEqual([1, 4])
    })
  },
)

const withJoblib = pythons.findLast((python) => python.packages !== null && !python.freeThreaded)
describe('joblib in a worker process', () => {
  it(
    'calls functions of source text, of files and of exec, also of those that are newer than its processes',
    PATIENCE,
    async () => {
      using places = new Places()
      const taken = places.file('json.py', SOURCE)
      await using py = await Python.start({
        python: withJoblib?.packages ?? '',
        isolation: 'process',
        workers: 1,
      })
      await py.module(SOURCE, 'squares_of_text')
      expect(await py.run('squares_of_text:parallel')).toEqual([1, 4])
      const unlocked = SOURCE.replace('with lock:', 'if True:')
      await py.module(unlocked, 'newer_squares')
      expect(await py.run('newer_squares:parallel')).toEqual([1, 4])
      places.file('json.py', unlocked)
      expect(await py.run(`${taken}:parallel`)).toEqual([1, 4])
      await py.exec(unlocked)
      expect(await py.eval('parallel()')).toEqual([1, 4])
      await using session = await py.session()
      await session.exec(unlocked)
      expect(await session.eval('parallel()')).toEqual([1, 4])
    },
  )
})

// From 3.13 on Python keeps the program of `python -c` as the source of what is compiled without a
// file name.
describe.each(pythons)(
  'text without a file name, Python $release in a process',
  ({ executable }) => {
    it('has no source, rather than one of the kernel', async () => {
      await using py = await Python.start({ python: executable, isolation: 'process', workers: 1 })
      const frames = await py.run('builtins:exec', ['total = 1 / 0']).catch((error) => error.frames)
      expect((frames as unknown[]).at(-1)).toMatchObject({
        file: '<string>',
        line: 1,
        function: '<module>',
        source: '',
      })
      expect(
        await py
          .run('builtins:exec', ['import inspect; inspect.getsource(eval("lambda: 1"))'])
          .catch((error) => error.type),
      ).toBe('OSError')
    })
  },
)

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Python } from '../../../src/index.ts'
import { file, type Placement, start } from '../../support/placement.ts'
import { Places } from '../../support/places.ts'

const SOURCE = readFileSync(file('squares.py'), 'utf8')
const FOUND = [[1, 4], [1, 4], ['Number.TWO'], [''], 9, 0]
const PATIENCE = { timeout: 180_000 }

/**
 * Processes that `multiprocessing` starts in a worker find the functions that they shall call:
 * those of files, whatever name the file had to take, and those of source text. Those of `exec`
 * they cannot find, and say so.
 */
export function spawnedModuleSuite(place: Placement): void {
  describe('processes that a worker starts', () => {
    const methods =
      place.isolation === 'process' ? ['spawn', 'forkserver', 'fork'] : ['spawn', 'forkserver']
    let py: Python
    const places = new Places()
    const taken = places.file('json.py', SOURCE)
    const plain = places.file('plain_squares.py', SOURCE)

    beforeAll(async () => {
      py = await start(place, { workers: 1, output: 'ignore' })
      await py.module(SOURCE, 'squares_of_text')
      await py.exec(SOURCE)
    })
    afterAll(async () => {
      await py.close()
      places[Symbol.dispose]()
    })

    it.each(methods)('find functions of source text (%s)', PATIENCE, async (method) => {
      expect(await py.run('squares_of_text:go', [method])).toEqual(FOUND)
    })

    it('find functions of a file, also one whose name was taken', PATIENCE, async () => {
      expect(await py.run(`${taken}:go`, ['spawn'])).toEqual(FOUND)
      const names =
        '{name for name, module in __import__("sys").modules.items() if getattr(module, "__file__", "") == '
      expect(await py.eval(`${names}${JSON.stringify(taken)}}`)).not.toContain('json')
      expect(await py.run(`${plain}:go`, ['spawn'])).toEqual(FOUND)
    })

    it('find what the processes need that they start themselves', PATIENCE, async () => {
      expect(await py.run('squares_of_text:go_deeper')).toBe(25)
    })

    it.each([
      'pool(square, [1])',
      'pool(unbox, [Box(1)])',
      'pool(str, [Number.TWO])',
      'executor(1)',
    ])('refuse at once what exec has defined: %s', PATIENCE, async (call) => {
      const error = await py.eval(call).catch((reason) => reason)
      expect(error).toMatchObject({ code: 'ERR_PYTHREADS_PYTHON', type: 'RuntimeError' })
    })

    it('end with status 1 where exec has defined what they shall do', PATIENCE, async () => {
      expect(await py.eval('process()')).toBe(1)
    })
  })
}

/**
 * Options, variables and what starts a child are properties that an object has itself: one that
 * some other package has put on `Object.prototype` decides nothing, least of all which program is
 * run, with which variables and as whom.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  resolveCallOptions,
  resolvePythonOptions,
  resolveRunOptions,
} from '../../src/options/index.ts'
import { runFixture } from '../support/child.ts'
import { Places } from '../support/places.ts'
import { placements } from '../support/pythons.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())

/** An object that inherits. */
const heir = (parent: object) => Object.create(parent) as object

describe('what an object inherits', () => {
  it.each([
    [
      'Python.start',
      () => resolvePythonOptions(heir({ python: '/evil', workers: 7 })),
      resolvePythonOptions({}),
    ],
    [
      'limits',
      () => resolvePythonOptions({ limits: heir({ memoryMb: 7 }) }),
      resolvePythonOptions({ limits: {} }),
    ],
    [
      'env',
      () => resolvePythonOptions({ env: heir({ LD_PRELOAD: '/evil' }) as Record<string, string> }),
      resolvePythonOptions({ env: {} }),
    ],
    [
      'run',
      () => resolveRunOptions(heir({ timeoutMs: 7, kwargs: {} }), 1),
      resolveRunOptions({ priority: 0 }, 1),
    ],
    [
      'import',
      () => resolveCallOptions('import', heir({ retry: 7 })),
      resolveCallOptions('import', {}),
    ],
  ])('is no option of %s', (_, resolve, without) => {
    expect(resolve()).toEqual(without)
  })
})

describe('what is on Object.prototype', () => {
  const expected = {
    ...{
      variable: null,
      'current folder': true,
      user: process.getuid?.() ?? null,
      error: 'ERR_PYTHREADS_PYTHON',
      size: 1,
    },
    ...{
      run: '[1]',
      'run with options': '[1]',
      'run with kwargs': '[1]',
      module: '[1]',
      'module with options': '[1]',
      map: [2, 3],
    },
    ...{
      date: 'datetime',
      'python date': null,
      session: ['[1]', 2],
      sync: ['[1]', '[1]', 2, null],
    },
  }
  let count = 0
  const polluted = async (python: string, isolation: string) => {
    const evil = places.script(`evil-${count++}/evil`, `touch ${places.path('was-run')}`)
    const { stdout, stderr } = await runFixture('polluted', [python, isolation, evil], {
      PYTHREADS_CACHE: 'off',
    })
    const ran = [places.path('was-run'), join(evil, '..', 'site-was-run')].filter((path) =>
      existsSync(path),
    )
    return { stderr, ran, ...(JSON.parse(stdout) as Record<string, unknown>) }
  }

  it.each(placements)('does nothing to a pool, $name', async ({ python, isolation }) => {
    expect(await polluted(python, isolation)).toEqual({
      stderr: '',
      ran: [],
      python: true,
      isolation,
      ...expected,
    })
  })

  it('does nothing to which Python is found', async () => {
    expect(await polluted('', 'process')).toEqual({
      ...{ stderr: '', ran: [], python: expect.stringMatching(/python/), isolation: 'process' },
      ...expected,
    })
  })
})

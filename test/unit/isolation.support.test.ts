/**
 * Which isolation a Python gets: the support matrix, row by row. A wrong row is memory corruption or
 * a slow pool for somebody.
 */

import { afterEach, describe, expect, it } from 'vitest'
import type { PythonFacts } from '../../src/discovery/index.ts'
import {
  choose,
  createIsolation,
  ISOLATION_KINDS,
  type IsolationKind,
  SUPPORT_MATRIX,
  supportOf,
} from '../../src/isolation/index.ts'
import { made } from '../support/facts.ts'
import { SETTINGS } from '../support/settings.ts'

const platform = process.platform
afterEach(() => {
  setPlatform(platform)
  delete process.versions['bun']
  for (const name of ['deno', 'electron']) delete process.versions[name]
})

function setPlatform(value: string): void {
  Object.defineProperty(process, 'platform', { value })
}

const FREE = { freeThreaded: true }
const NO_LIBRARY = { libpython: null }

describe('the support matrix', () => {
  const table: [
    release: string,
    options: Partial<PythonFacts>,
    thread: string,
    subinterpreter: string,
  ][] = [
    ['3.10.0', {}, 'request', 'never'],
    ['3.11.9', {}, 'request', 'never'],
    ['3.12.0', {}, 'request', 'request'],
    ['3.12.12', {}, 'request', 'request'],
    ['3.13.0', {}, 'request', 'request'],
    ['3.13.9', {}, 'request', 'request'],
    ['3.14.0', {}, 'request', 'never'],
    ['3.14.1', {}, 'request', 'request'],
    ['3.15.0', {}, 'request', 'request'],
    ['4.0.0', {}, 'request', 'request'],
    ['3.13.0', FREE, 'auto', 'never'],
    ['3.14.0', FREE, 'auto', 'never'],
    ['3.15.2', FREE, 'auto', 'never'],
    ['3.10.0', NO_LIBRARY, 'never', 'never'],
    ['3.14.2', NO_LIBRARY, 'never', 'never'],
    ['3.14.2', { ...FREE, ...NO_LIBRARY }, 'never', 'never'],
    ['3.14.2', { isWrapper: true }, 'never', 'never'],
    ['3.14.2', { ...FREE, isWrapper: true }, 'never', 'never'],
  ]

  it.each(table)(
    '%s %j: thread %s, subinterpreter %s, process auto',
    (release, options, thread, subinterpreter) => {
      const facts = made(release, options)
      expect(ISOLATION_KINDS.map((kind) => supportOf(kind, facts).verdict)).toEqual([
        thread,
        subinterpreter,
        'auto',
      ])
    },
  )

  it('has only process on Windows', () => {
    setPlatform('win32')
    for (const [release, options] of table) {
      expect(
        ISOLATION_KINDS.map((kind) => supportOf(kind, made(release, options)).verdict),
      ).toEqual(['never', 'never', 'auto'])
    }
  })

  it.each(['bun', 'deno', 'electron'])('has only process in %s', async (name) => {
    Object.defineProperty(process.versions, name, { value: '1.4.5', configurable: true })
    for (const [release, options] of table) {
      const facts = made(release, options)
      expect(ISOLATION_KINDS.map((kind) => supportOf(kind, facts).verdict)).toEqual([
        'never',
        'never',
        'auto',
      ])
      const { isolation, reasons } = await choose(facts, [], [])
      expect([isolation, reasons[0]]).toEqual(['process', expect.stringContaining('Bun')])
    }
  })

  it('has a test for every row', () => {
    const deciding = (release: string, options: Partial<PythonFacts>) =>
      ISOLATION_KINDS.map((kind) =>
        SUPPORT_MATRIX.findIndex(
          (row) => row.isolation === kind && row.when(made(release, options)),
        ),
      )
    const used = table.flatMap(([release, options]) => deciding(release, options))
    setPlatform('win32')
    used.push(...deciding('3.14.1', {}))
    Object.defineProperty(process.versions, 'bun', { value: '1.4.5', configurable: true })
    used.push(...deciding('3.14.1', {}))
    expect([...new Set(used)].sort((a, b) => a - b)).toEqual(
      SUPPORT_MATRIX.map((_, index) => index),
    )
  })

  it.each<[string, Partial<PythonFacts>, IsolationKind, string, RegExp]>([
    ['3.11.2', {}, 'subinterpreter', 'ERR_PYTHREADS_ISOLATION_UNAVAILABLE', /3\.14\.1 or newer/],
    ['3.14.0', {}, 'subinterpreter', 'ERR_PYTHREADS_ISOLATION_UNAVAILABLE', /3\.14\.1 or newer/],
    [
      '3.14.2',
      FREE,
      'subinterpreter',
      'ERR_PYTHREADS_ISOLATION_UNAVAILABLE',
      /use isolation 'thread'/,
    ],
    ['3.13.2', NO_LIBRARY, 'thread', 'ERR_PYTHREADS_LIBPYTHON_NOT_FOUND', /--enable-shared/],
    [
      '3.13.2',
      { ...NO_LIBRARY, debian: true },
      'thread',
      'ERR_PYTHREADS_LIBPYTHON_NOT_FOUND',
      /apt install libpython3\.13/,
    ],
  ])('%s %j cannot do %s: %s says how to mend that', (release, options, kind, code, help) => {
    const create = () => createIsolation(kind, made(release, options), SETTINGS)
    expect(create).toThrow(expect.objectContaining({ code, message: expect.stringMatching(help) }))
    expect(create).toThrow(
      expect.objectContaining({ message: expect.stringContaining("isolation 'process'") }),
    )
  })

  it('allows an isolation by name that auto does not take', () => {
    expect(createIsolation('thread', made('3.10.0'), SETTINGS).kind).toBe('thread')
    expect(createIsolation('subinterpreter', made('3.12.4'), SETTINGS).kind).toBe('subinterpreter')
    expect(createIsolation('process', made('3.10.0', NO_LIBRARY), SETTINGS).kind).toBe('process')
  })
})

/**
 * A program that is no usable Python is refused with the reason, whatever it does when it is asked.
 */
import { chmodSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { findPython } from '../../src/discovery/index.ts'
import { Python } from '../../src/index.ts'
import { Places } from '../support/places.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())

const BROKEN = 'ERR_PYTHREADS_PYTHON_BROKEN'
const TOO_OLD = 'ERR_PYTHREADS_PYTHON_TOO_OLD'
const facts = (implementation: string, version: string) =>
  `echo 'pythreads {"implementation": "${implementation}", "version": [${version}], "release": "${version.replaceAll(', ', '.')}"}'`

const cases: Record<string, { lines: string[]; code: string; says: string }> = {
  'ends with a status': {
    lines: ['echo something is wrong >&2', 'exit 3'],
    code: BROKEN,
    says: 'ended with status 3',
  },
  'says why on standard error': {
    lines: ['echo something is wrong >&2', 'exit 3'],
    code: BROKEN,
    says: 'something is wrong',
  },
  'is ended by a signal': { lines: ['kill -KILL $$'], code: BROKEN, says: 'SIGKILL' },
  crashes: { lines: ['kill -SEGV $$'], code: BROKEN, says: 'SIGSEGV' },
  'prints nothing': { lines: [], code: BROKEN, says: 'no reply' },
  'prints something else': { lines: ['echo 1,2,3; echo hello'], code: BROKEN, says: 'no reply' },
  'prints half an answer': { lines: ['echo pythreads {'], code: BROKEN, says: 'pythreads' },
  'prints endlessly': { lines: ['yes pythreads'], code: BROKEN, says: 'does not work' },
  'is another implementation': {
    lines: [facts('pypy', '3, 10, 14')],
    code: BROKEN,
    says: 'pypy, not CPython',
  },
  'is Python 3.8, whose probe fails': {
    lines: ['[ "$3" = -c ] && echo 3.8.10 || exit 1'],
    code: TOO_OLD,
    says: '3.8.10',
  },
  'is Python 2.7': {
    lines: ['[ "$3" = -c ] && echo 2.7.18 || exit 1'],
    code: TOO_OLD,
    says: '2.7.18',
  },
  'is Python 3.9, whose probe works': {
    lines: [facts('cpython', '3, 9, 18')],
    code: TOO_OLD,
    says: '3.9.18',
  },
  'is Python 3.10 that fails': {
    lines: ['[ "$3" = -c ] && echo 3.10.1 || exit 1'],
    code: BROKEN,
    says: 'status 1',
  },
}

describe('a program that', () => {
  it.each(Object.keys(cases))('%s', async (name) => {
    const { lines, code, says } = cases[name] ?? { lines: [], code: '', says: '' }
    const path = places.script(`${name}/python3`, ...lines)
    const error: unknown = await findPython(path).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code, message: expect.stringContaining(says) })
    expect(error).toHaveProperty('message', expect.stringContaining(path))
  })

  it('may not be run', async () => {
    const path = places.script('forbidden', 'exit 0')
    chmodSync(path, 0o644)
    await expect(findPython(path)).rejects.toMatchObject({
      code: BROKEN,
      message: expect.stringContaining('EACCES'),
    })
  })

  it('is no program', async () => {
    const path = places.file('text', 'just text\n')
    chmodSync(path, 0o755)
    await expect(findPython(path)).rejects.toMatchObject({ code: BROKEN })
  })

  it('is a link to nothing', async () => {
    const path = places.link('dangling', '/nowhere/python3')
    await expect(findPython(path)).rejects.toMatchObject({ code: 'ERR_PYTHREADS_PYTHON_NOT_FOUND' })
  })

  it.each([
    ['is missing at a path', './no/such/python', /does not exist$/],
    [
      'is missing as a name in a folder and on PATH',
      'no-such-python',
      /does not exist, and PATH has no such command$/,
    ],
    [
      'is an empty folder',
      places.folder('empty'),
      /neither an executable nor a virtual environment$/,
    ],
  ])('%s', async (_, python, message) => {
    const code = 'ERR_PYTHREADS_PYTHON_NOT_FOUND'
    await expect(findPython(python)).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    })
  })

  it('is refused by Python.start as well', async () => {
    const python = places.script('start/python3', 'exit 3')
    await expect(Python.start({ python })).rejects.toMatchObject({ code: BROKEN })
    await expect(Python.start({ python: places.path('start', 'none') })).rejects.toMatchObject({
      code: 'ERR_PYTHREADS_PYTHON_NOT_FOUND',
    })
  })
})

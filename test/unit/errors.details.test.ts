/**
 * What a worker says of an exception is checked before it is an error: a hostile one would have it
 * fail when it is printed.
 */
import { describe, expect, it } from 'vitest'
import { toError } from '../../src/errors/index.ts'

const DETAILS = {
  ...{
    code: 'ERR_PYTHREADS_PYTHON',
    type: 'E',
    module: 'm',
    message: 'x',
    traceback: '',
    frames: [],
    notes: [],
    cause: null,
    errors: null,
  },
  ...{ path: null, bases: [], place: null, thrown: null, args: [], opaque: null, attributes: null },
}
const refused = expect.objectContaining({ code: 'ERR_PYTHREADS_PROTOCOL' })
const WRONG = [undefined, 5, 'x', Symbol('x'), [null], [[1]], { a: 1 }, new Map([[1, 2]]), () => 1]
const RIGHT: Readonly<Record<string, (value: unknown) => boolean>> = {
  ...Object.fromEntries(
    ['type', 'module', 'message', 'traceback', 'path'].map((key) => [
      key,
      (value) => typeof value === 'string',
    ]),
  ),
  ...{
    args: (value) => value === undefined || Array.isArray(value),
    opaque: (value) => value === undefined || Array.isArray(value),
  },
  ...{
    errors: () => false,
    thrown: Array.isArray,
    attributes: (value) => value === undefined || typeof value === 'object',
  },
}

function all(inner: unknown): unknown[] {
  return [inner, { ...DETAILS, cause: inner }, { ...DETAILS, errors: [inner] }]
}

describe('the details of an exception', () => {
  it.each(Object.keys(DETAILS))(
    'are refused when `%s` is of another type, in causes and members too',
    (key) => {
      for (const value of WRONG.filter((value) => RIGHT[key]?.(value) !== true)) {
        for (const details of all({ ...DETAILS, [key]: value }))
          expect(() => toError(details as never), String(key)).toThrow(refused)
      }
    },
  )

  it.each(['then', '', 'toString', 'ERR_OTHER'])('are refused with the code "%s"', (code) => {
    expect(() => toError({ ...DETAILS, code } as never)).toThrow(refused)
  })

  it('are refused with malformed frames', () => {
    const frame = { file: 'f', line: 1, column: 1, function: 'g', source: '' }
    expect(toError({ ...DETAILS, frames: [frame] } as never)).toMatchObject({ type: 'E' })
    for (const key of Object.keys(frame)) {
      expect(
        () => toError({ ...DETAILS, frames: [{ ...frame, [key]: [] }] } as never),
        key,
      ).toThrow(refused)
    }
  })
})

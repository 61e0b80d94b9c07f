/**
 * What comes from another realm, or another copy of a class, is told by what it is rather than by
 * `instanceof`.
 */
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { PythonError, PythreadsError, WorkerDiedError } from '../../src/index.ts'
import { allocate } from '../../src/memory/index.ts'
import { modulePath, resolvePythonOptions, resolveRunOptions } from '../../src/options/index.ts'

describe('an option of another realm', () => {
  it('is taken as a signal, an output and the URL of a module', () => {
    const signal = runInNewContext(
      '({ aborted: false, addEventListener() {}, removeEventListener() {} })',
    ) as AbortSignal
    expect(resolveRunOptions({ signal }, 1).signal).toBe(signal)
    const output = runInNewContext('({ write() {}, end() {}, on() {} })') as NodeJS.WritableStream
    expect(resolvePythonOptions({ output: output as never }).output).toBe(output)
    const url = runInNewContext('({ href, protocol: "file:", pathname: "/a b.py" })', {
      href: 'file:///a%20b.py',
    }) as URL
    expect(modulePath(url)).toBe('/a b.py')
  })

  it.each([5, null, {}, { aborted: false }, { addEventListener() {} }])(
    'is refused as a signal: %j',
    (signal) => {
      const resolve = () => resolveRunOptions({ signal: signal as never }, 1)
      expect(resolve).toThrow(expect.objectContaining({ code: 'ERR_PYTHREADS_OPTION' }))
    },
  )

  it('can be the class of a typed array for alloc, and no other class', () => {
    const kind = runInNewContext('Float64Array') as Float64ArrayConstructor
    expect(allocate(kind, 3)).toBeInstanceOf(kind)
    for (const wrong of [DataView, Array, class extends Float64Array {}, Object, 5]) {
      expect(() => allocate(wrong as never, 1)).toThrow(
        expect.objectContaining({ code: 'ERR_PYTHREADS_ARGUMENT' }),
      )
    }
  })
})

describe('a class of errors that a bundler renamed', () => {
  it.each([PythreadsError, PythonError, WorkerDiedError])('knows its instances: %s', (kind) => {
    const error = Reflect.construct(
      kind,
      kind === PythreadsError
        ? ['ERR_PYTHREADS_VALUE', 'text']
        : [
            kind === PythonError
              ? {
                  code: 'ERR_PYTHREADS_PYTHON',
                  message: 'text',
                  type: 'ValueError',
                  cause: null,
                  path: null,
                  errors: null,
                  place: null,
                  notes: [],
                }
              : 0,
            { how: 'it ended' },
            '',
          ],
    )
    const { name } = kind
    Object.defineProperty(kind, 'name', { value: 'a', configurable: true })
    try {
      expect(error instanceof kind).toBe(true)
      expect(error instanceof PythreadsError).toBe(true)
      expect(new PythreadsError('ERR_PYTHREADS_VALUE', 'text') instanceof kind).toBe(
        kind === PythreadsError,
      )
    } finally {
      Object.defineProperty(kind, 'name', { value: name, configurable: true })
    }
  })
})

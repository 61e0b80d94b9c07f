import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Python, PythonError, PythreadsError, type RemoteObject } from '../../../src/index.ts'
import { collect, refusal, thrown } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'

const FUNCTIONS = file('functions.py').pathname
const SLEEP = `${file('calls.py').pathname}:sleep`

/** What errors say of the call that failed. */
export function targetSuite(place: Placement): void {
  describe('the target of an error', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place, { workers: 1 })
    })
    afterAll(() => py.close())

    const targetOf = async (call: () => unknown) => (await refusal(call)).target

    it('is what was called, by whatever name', async () => {
      expect(await targetOf(() => py.run('json:loads', ['{']))).toBe('json:loads')
      expect(await targetOf(() => py.import('json')['loads']?.('{'))).toBe('json:loads')
      expect(await targetOf(() => py.import('json')['nothing'])).toBe('json:nothing')
      expect(await targetOf(() => py.import('no_such_module'))).toBe('no_such_module')
      expect(await targetOf(() => py.run('no_such_module:f'))).toBe('no_such_module:f')
      expect(await targetOf(() => py.eval('1 / 0'))).toBe('1 / 0')
      expect(await targetOf(() => py.exec('1 / 0'))).toMatch(/^<pythreads exec \d+>$/)
      expect(await targetOf(() => py.module('1 / 0', 'fails'))).toBe('<pythreads module fails>')
      expect(await targetOf(() => collect(py.map('math:sqrt', [1, -1])))).toBe('math:sqrt')
      const caller = await py.run<RemoteObject>(`${FUNCTIONS}:Caller`)
      expect(await targetOf(() => caller['nothing'])).toBe('functions.Caller.nothing')
      expect(await targetOf(() => caller.$item(1))).toBe('functions.Caller')
    })

    it('is that of a session and of sync calls', async () => {
      await using session = await py.session()
      expect(await targetOf(() => session.run('json:loads', ['{']))).toBe('json:loads')
      expect(await targetOf(() => session.import('json')['loads']?.('{'))).toBe('json:loads')
      expect(await targetOf(() => session.eval('1 / 0'))).toBe('1 / 0')
      expect(await targetOf(() => session.exec('1 / 0'))).toMatch(
        /^<pythreads session \d+ exec 1>$/,
      )
      expect(await targetOf(() => session.run('json:dumps', [Symbol('x')]))).toBe('json:dumps')
      expect(await targetOf(() => py.sync.run('json:loads', ['{']))).toBe('json:loads')
      expect(await targetOf(() => py.sync.run('json:dumps', [Symbol('x')]))).toBe('json:dumps')
      expect(await targetOf(() => py.sync.eval('1 / 0'))).toBe('1 / 0')
      await session.close()
      expect(await targetOf(() => session.run('json:dumps', [1]))).toBe('json:dumps')
    })

    it('is the path of a file that a URL names', async () => {
      await using session = await py.session()
      const url = file('functions.py')
      url.hash = 'nothing'
      for (const place of [session, py.sync]) {
        expect(await targetOf(() => place.run(url))).toBe(`${FUNCTIONS}:nothing`)
        expect(await targetOf(() => place.run(url, [], { wrong: 1 } as never))).toBe(
          `${FUNCTIONS}:nothing`,
        )
        expect(await targetOf(() => place.run(new URL('http://localhost/a.py#b')))).toBe(
          'http://localhost/a.py#b',
        )
      }
      await session.close()
      expect(await targetOf(() => py.run(url))).toBe(`${FUNCTIONS}:nothing`)
      expect(await targetOf(() => collect(py.map(url, [1])))).toBe(`${FUNCTIONS}:nothing`)
    })

    it('is there for arguments and targets that are none, in sessions and sync calls too', async () => {
      await using session = await py.session()
      for (const place of [py, session, py.sync]) {
        for (const args of ['ab', 5, null, { length: 1, 0: 2 }]) {
          const error = await refusal(() => place.run('builtins:max', args as never))
          expect([error.code, error.target]).toEqual(['ERR_PYTHREADS_ARGUMENT', 'builtins:max'])
        }
        const error = await refusal(() => place.run(Object.create(null) as never))
        expect([error.code, error.target]).toEqual(['ERR_PYTHREADS_ARGUMENT', undefined])
      }
    })

    it('is there where a sync call is given what would end another call', async () => {
      for (const options of [
        { timeoutMs: 1 },
        { queueTimeoutMs: 1 },
        { signal: AbortSignal.abort() },
        { retry: 1 },
        { worker: 0 },
      ]) {
        const error = await refusal(() => py.sync.run('math:sqrt', [4], options as never))
        expect([error.code, error.target]).toEqual(['ERR_PYTHREADS_UNKNOWN_OPTION', 'math:sqrt'])
      }
    })

    it('is there when a call is refused, too late, aborted or not wanted any more', async () => {
      expect(await targetOf(() => py.run('json:dumps', [{ id: Symbol('x') }]))).toBe('json:dumps')
      expect(await targetOf(() => py.run('json:dumps', 1 as never))).toBe('json:dumps')
      expect(await targetOf(() => py.run('json:dumps', [], { wrong: 1 } as never))).toBe(
        'json:dumps',
      )
      expect(await targetOf(() => py.run('json.dumps'))).toBe('json.dumps')
      expect(await targetOf(() => py.run(SLEEP, [0.2], { timeoutMs: 1 }))).toBe(SLEEP)
      expect(await targetOf(() => py.run(SLEEP, [0.2], { signal: AbortSignal.abort() }))).toBe(
        SLEEP,
      )
      expect(await targetOf(() => collect(py.map(SLEEP, [0.2], { timeoutMs: 1 })))).toBe(SLEEP)
      const busy = py.run(SLEEP, [0.2]).catch(() => {})
      expect(await targetOf(() => py.run('json:dumps', [1], { queueTimeoutMs: 1 }))).toBe(
        'json:dumps',
      )
      await busy
    })

    it('is that of each of many calls that have an error together', async () => {
      const other = await start(place, { workers: 1, maxQueue: 3 })
      const names = ['json:loads', 'json:dumps', 'json:loads']
      const running = refusal(() => other.run(SLEEP, [0.1]))
      const calls = names.map((name) => refusal(() => other.run(name, ['1'])))
      expect(await targetOf(() => other.run('math:sqrt', [1]))).toBe('math:sqrt')
      other.destroy()
      const errors = await Promise.all(calls)
      expect(errors.map(({ target }) => target)).toEqual(names)
      expect(errors.map(({ code }) => code)).toEqual(names.map(() => 'ERR_PYTHREADS_DESTROYED'))
      expect((await running).target).toBe(SLEEP)
      expect(await targetOf(() => other.run('math:sqrt', [1]))).toBe('math:sqrt')
      await other.close()
    })

    it('is not changed in an error that comes back from JavaScript', async () => {
      const inner = () => py.run('json:loads', ['{'])
      const nested = await refusal(() => py.run(`${FUNCTIONS}:apply`, [inner]))
      expect(nested).toBeInstanceOf(PythonError)
      expect(nested.target).toBe('json:loads')
      const own = new PythreadsError('ERR_PYTHREADS_ARGUMENT', 'mine')
      const fail = () => {
        throw own
      }
      expect(await thrown(() => py.run(`${FUNCTIONS}:apply`, [fail]))).toBe(own)
      expect('target' in own).toBe(false)
    })

    it.runIf(place.isolation === 'process')(
      'is there when a worker dies, of each call that it had',
      async () => {
        await using other = await start(place, { workers: 1 })
        const coroutine = refusal(() => other.run('asyncio:sleep', [60]))
        const dying = await refusal(() => other.run('os:_exit', [3]))
        expect(dying).toMatchObject({
          code: 'ERR_PYTHREADS_WORKER_DIED',
          target: 'os:_exit',
          status: 3,
          worker: 0,
        })
        expect(await coroutine).toMatchObject({
          code: 'ERR_PYTHREADS_WORKER_DIED',
          target: 'asyncio:sleep',
          status: 3,
        })
      },
    )
  })
}

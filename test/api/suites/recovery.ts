/**
 * Workers in processes of their own die in many ways: what becomes of their calls, of the other
 * calls, and of the pool.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { basename } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { type OutputLine, type PythonOptions, WorkerDiedError } from '../../../src/index.ts'
import { refusal } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'
import { Places } from '../../support/places.ts'
import { healthy, kill, pidOf, SOON_MS, states } from '../../support/workers.ts'

const CALLS = file('calls.py').pathname
const DYING = file('dying.py').pathname
/** The descriptor by which a worker writes to its side channel. */
const SIDE_WRITES = process.env['PYTHREADS_INTERNAL_CHANNELS'] === 'pipes' ? 5 : 4
const OS = '__import__("os")'

export function recoverySuite(place: Placement): void {
  const places = new Places()
  let made = 0
  const fresh = () => places.path(`file ${++made}`)
  afterAll(() => places[Symbol.dispose]())

  async function death(call: () => unknown): Promise<WorkerDiedError> {
    const error = await refusal(call)
    expect(error).toBeInstanceOf(WorkerDiedError)
    expect(error.code).toBe('ERR_PYTHREADS_WORKER_DIED')
    return error as WorkerDiedError
  }

  describe('the death of a worker', () => {
    const ways: [string, string, { status: number | null; signal: string | null }, string][] = [
      [
        'a segfault',
        '__import__("ctypes").string_at(0)',
        { status: null, signal: 'SIGSEGV' },
        'Segmentation fault',
      ],
      ['an abort', `${OS}.abort()`, { status: null, signal: 'SIGABRT' }, 'Aborted'],
      ['an exit', `${OS}._exit(7)`, { status: 7, signal: null }, ''],
      ['a signal', `${OS}.kill(${OS}.getpid(), 9)`, { status: null, signal: 'SIGKILL' }, ''],
      [
        'a floating point error',
        `${OS}.kill(${OS}.getpid(), 8)`,
        { status: null, signal: 'SIGFPE' },
        'Floating',
      ],
    ]
    const lines: OutputLine[] = []
    const outputs: [string, PythonOptions['output']][] = [
      ['inherited', 'inherit'],
      ['ignored', 'ignore'],
      ['heard', (line) => lines.push(line)],
    ]
    const cells = ways.flatMap(([way, ...rest]) =>
      outputs.map(([how, output]) => ({ way, rest, how, output })),
    )

    it.each(cells)(
      'by $way is told with its last words, where output is $how',
      async ({ rest, output }) => {
        const [source, ending, crash] = rest
        await using py = await start(place, { workers: 1, output })
        await py.exec('import sys')
        const error = await death(() =>
          py.eval(`[print("said before"), print("in dismay", file=sys.stderr), ${source}]`),
        )
        expect(error).toMatchObject({ worker: 0, ...ending })
        expect(error.lastWords).toContain('said before')
        expect(error.lastWords).toContain('in dismay')
        expect(error.lastWords).toContain(crash)
        expect(error.message).toContain('said before')
        expect(await py.eval('sys.maxsize > 0')).toBe(true)
        expect(py.stats()).toMatchObject({ replaced: 1, running: 0, queued: 0 })
      },
    )

    it('that said nothing has no last words, and those of its predecessor are not its own', async () => {
      await using py = await start(place, { workers: 1, output: 'ignore' })
      expect((await death(() => py.eval(`${OS}._exit(1)`))).lastWords).toBe('')
      expect((await death(() => py.eval(`[print("mine"), ${OS}._exit(1)]`))).lastWords).toBe('mine')
      expect((await death(() => py.eval(`${OS}._exit(1)`))).lastWords).toBe('')
    })

    it('that said a lot has the end of it as its last words', async () => {
      for (const [, output] of outputs) {
        await using py = await start(place, {
          workers: 1,
          ...(output === 'inherit' ? { output: 'ignore' } : { output }),
        })
        const talk = `print("\\n".join(f"line {i} é" for i in range(10_000)))`
        const { lastWords } = await death(() => py.eval(`[${talk}, ${OS}._exit(1)]`))
        expect(lastWords.split('\n').at(-1)).toBe('line 9999 é')
        expect(lastWords.split('\n').length).toBeLessThanOrEqual(20)
      }
    })

    it('from outside, while it is busy in Python, asleep and in C code', async () => {
      await using py = await start(place, { workers: 3 })
      await py.exec('def spins():\n  while True: pass')
      const calls = ['spins()', '__import__("time").sleep(600)', 'sum(range(10**13))'].map(
        (source) => death(() => py.eval(source)),
      )
      await sleep(100)
      for (const worker of [0, 1, 2]) kill(py, worker)
      for (const call of calls)
        expect(await call).toMatchObject({ status: null, signal: 'SIGKILL' })
      await healthy(py, 3)
      expect(py.stats().replaced).toBe(3)
    })

    it('that closes its channel is noticed at once, or when it should reply', async () => {
      await using py = await start(place, { workers: 1 })
      for (const then of ['None', '__import__("time").sleep(0.2)']) {
        const error = await refusal(() => py.eval(`[${OS}.close(3), ${then}]`))
        expect(error.code).toBe('ERR_PYTHREADS_WORKER_DIED')
        expect(await py.run(`${CALLS}:identity`, [1])).toBe(1)
      }
      await healthy(py, 1)
    })

    it('that shuts its channel down while it goes on', async () => {
      await using py = await start(place, { workers: 1 })
      await py.exec('import socket, time')
      const call = refusal(() =>
        py.eval('[socket.socket(fileno=3).shutdown(socket.SHUT_RDWR), time.sleep(600)]'),
      )
      expect((await call).code).toBe('ERR_PYTHREADS_WORKER_DIED')
      await healthy(py, 1)
    })

    it('that closes its side channel is replaced, as coroutines could not be answered', async () => {
      await using py = await start(place, { workers: 1 })
      // its end may come first
      await py.eval(`__import__("socket").socket(fileno=${OS}.dup(4)).shutdown(1)`).catch(() => {})
      await expect.poll(() => py.stats().replaced).toBe(1)
      expect(await py.eval('2')).toBe(2)
    })

    it.each([
      ['text', 'b"hello, this is no frame, and long enough for a header"'],
      ['zeros', 'bytes(64)'],
      ['a length beyond all bounds', 'b"\\xff" * 64'],
      [
        'a reply to a request that nobody made',
        '(5).to_bytes(4, "little") + (99).to_bytes(4, "little") + b"\\x41\\0\\0\\0" + b"N" * 5',
      ],
      ['random bytes', `${OS}.urandom(4096)`],
    ])('of garbage on its channel: %s', async (_, bytes) => {
      await using py = await start(place, { workers: 1 })
      const call = refusal(() =>
        py.eval(`[${OS}.write(3, ${bytes}), __import__("time").sleep(20)]`),
      )
      const ahead = py.run(`${CALLS}:identity`, ['waited'])
      expect((await call).code).toMatch(/^ERR_PYTHREADS_(PROTOCOL|WORKER_DIED)$/)
      expect(await ahead).toBe('waited')
      await healthy(py, 1)
    })

    it('of garbage on its side channel does not harm the next one', async () => {
      await using py = await start(place, { workers: 1, output: () => {} })
      const error = await refusal(() =>
        py.eval(
          `[${OS}.write(${SIDE_WRITES}, b"no frame, no frame"), __import__("time").sleep(20)]`,
        ),
      )
      expect(error.code).toMatch(/^ERR_PYTHREADS_(PROTOCOL|WORKER_DIED)$/)
      await healthy(py, 1)
    })

    it('that hangs, stopped: the call has its time-out, and the worker is replaced', async () => {
      await using py = await start(place, { workers: 1, graceMs: 200 })
      const pid = pidOf(py, 0)
      const begin = performance.now()
      const call = refusal(() => py.run(`${CALLS}:sleep`, [0.2], { timeoutMs: 500 }))
      const behind = py.run(`${CALLS}:identity`, ['behind'])
      process.kill(pid, 'SIGSTOP')
      expect((await call).code).toBe('ERR_PYTHREADS_TIMEOUT')
      expect(await behind).toBe('behind')
      expect(performance.now() - begin).toBeLessThan(SOON_MS)
      await healthy(py, 1)
      expect(py.stats().workers[0]?.pid).not.toBe(pid)
    })

    it('that is stopped for a while goes on, if nobody loses patience', async () => {
      await using py = await start(place, { workers: 1 })
      const pid = pidOf(py, 0)
      const calls = Array.from({ length: 20 }, (_, i) => py.run(`${CALLS}:identity`, [i]))
      process.kill(pid, 'SIGSTOP')
      await sleep(300)
      process.kill(pid, 'SIGCONT')
      expect(await Promise.all(calls)).toHaveLength(20)
      expect(py.stats().replaced).toBe(0)
    })
  })

  describe('calls of a worker that dies', () => {
    it('that wait go on with the others, in any number', async () => {
      await using py = await start(place)
      const dying = [0, 1].map((worker) => death(() => py.run('os:_exit', [1], { worker })))
      const calls = Array.from({ length: 500 }, (_, i) =>
        py.run(`${CALLS}:identity`, [i], i % 5 === 0 ? { worker: i % 2 } : {}),
      )
      await Promise.all(dying)
      expect(await Promise.all(calls)).toEqual(Array.from({ length: 500 }, (_, i) => i))
      expect(py.stats()).toMatchObject({ replaced: 2, queued: 0, running: 0 })
    })

    it.each([1, 2])(
      'that were sent along behind the one that ends it run once each, on %i workers',
      async (workers) => {
        const path = fresh()
        await using py = await start(place, { workers })
        // it learns that they are short
        for (let i = 0; i < 60; i++) await py.run(`${DYING}:mark`, [path, `first ${i}`])
        const lost: number[] = []
        const calls = Array.from({ length: 400 }, (_, i) =>
          py
            .run(`${DYING}:mark`, [path, `${i}`, `${[50, 51, 200].find((at) => at === i) ?? ''}`])
            .then(
              (answer) => expect(answer).toBe(`${i}`),
              (error) => {
                expect(error).toBeInstanceOf(WorkerDiedError)
                lost.push(i)
              },
            ),
        )
        await Promise.all(calls)
        expect(lost.sort((a, b) => a - b)).toEqual([50, 51, 200])
        const lines = readFileSync(path, 'utf8').trim().split('\n').slice(60)
        expect(lines.sort((a, b) => Number(a) - Number(b))).toEqual(
          Array.from({ length: 400 }, (_, i) => `${i}`),
        )
        expect(py.stats()).toMatchObject({ replaced: 3, queued: 0, running: 0 })
      },
    )

    it('that is killed at any moment run at most once, and once if they return', async () => {
      const path = fresh()
      await using py = await start(place, { workers: 2 })
      const resolved: number[] = []
      const lost: number[] = []
      const calls = Array.from({ length: 3_000 }, (_, i) =>
        py.run(`${DYING}:mark`, [path, `${i}`]).then(
          () => void resolved.push(i),
          (error: { code?: string }) => {
            expect(error.code).toBe('ERR_PYTHREADS_WORKER_DIED')
            lost.push(i)
          },
        ),
      )
      let over = false
      const all = Promise.all(calls).then(() => {
        over = true
      })
      for (let kills = 0; kills < 6 && !over; kills++) {
        await sleep(30 + Math.random() * 60)
        const alive = py.stats().workers.filter(({ state }) => state === 'busy')
        const pid = alive[kills % Math.max(alive.length, 1)]?.pid
        if (pid !== undefined) process.kill(pid, 'SIGKILL')
      }
      await all
      expect(resolved.length + lost.length).toBe(3_000)
      expect(lost.length).toBeLessThanOrEqual(6)
      const lines = readFileSync(path, 'utf8').trim().split('\n').map(Number)
      expect(new Set(lines).size).toBe(lines.length)
      expect(resolved.filter((i) => !lines.includes(i))).toEqual([])
      await healthy(py, 2)
    })

    it('with coroutines are rejected, all that were there', async () => {
      await using py = await start(place, { workers: 1 })
      await py.exec('import asyncio, os')
      const waiting = Array.from({ length: 20 }, () => death(() => py.run('asyncio:sleep', [600])))
      await py.eval('1')
      const killer = death(() => py.eval('os._exit(9)'))
      for (const call of [...waiting, killer]) expect(await call).toMatchObject({ status: 9 })
      await healthy(py, 1)
    })

    it('that a callback made are settled too', async () => {
      await using py = await start(place, { workers: 1 })
      await py.exec('import os')
      const inner: unknown[] = []
      const outer = await death(() =>
        py.eval`(lambda f: f())(${async () => {
          inner.push(await refusal(() => py.eval('os._exit(4)')))
        }})`.then(),
      )
      expect(outer).toMatchObject({ status: 4 })
      await expect.poll(() => inner).toMatchObject([{ code: 'ERR_PYTHREADS_WORKER_DIED' }])
      await healthy(py, 1)
    })

    it('of a session are rejected as the session is over: those that wait do not run elsewhere', async () => {
      await using py = await start(place, { workers: 2 })
      const session = await py.session()
      await session.exec('total = 1')
      const dying = refusal(() => session.eval(`${OS}._exit(1)`))
      const waiting = await Promise.allSettled([
        dying,
        session.exec('total = 5'),
        session.eval('total'),
      ])
      expect((await dying).code).toBe('ERR_PYTHREADS_WORKER_DIED')
      expect(waiting.slice(1)).toMatchObject(
        Array(2).fill({ status: 'rejected', reason: { code: 'ERR_PYTHREADS_WORKER_DIED' } }),
      )
      expect(await refusal(() => session.eval('total'))).toMatchObject({
        code: 'ERR_PYTHREADS_WORKER_DIED',
      })
      await session.close()
      await healthy(py, 2)
      await using another = await py.session()
      expect(await another.eval('1')).toBe(1)
    })

    it('with its objects are refused, whether they wait or are made later', async () => {
      await using py = await start(place, { workers: 1 })
      const counter = await py.run<{ next(): Promise<number> }>('itertools:count')
      const dying = death(() => py.eval(`${OS}._exit(1)`))
      const waiting = refusal(() => py.run('builtins:next', [counter]))
      await dying
      expect(await waiting).toMatchObject({ code: 'ERR_PYTHREADS_OBJECT_RELEASED' })
      expect(await refusal(() => py.run('builtins:next', [counter]))).toMatchObject({
        code: 'ERR_PYTHREADS_OBJECT_RELEASED',
      })
      expect(py.stats().objects).toBe(0)
      await healthy(py, 1)
    })
  })

  describe('a call with `retry`', () => {
    it('is made again as often as it says', async () => {
      await using py = await start(place)
      await py.module(
        `import os
def attempt(path, dies):
  with open(path, "a") as file: file.write("attempt\\n")
  if len(open(path).readlines()) <= dies: os._exit(2)
  return "done"`,
        'attempts',
      )
      for (const { retry, dies, expected } of [
        { retry: 1, dies: 1, expected: 'done' },
        { retry: 3, dies: 3, expected: 'done' },
        { retry: 1, dies: 2, expected: 'died' },
        { retry: 0, dies: 1, expected: 'died' },
      ]) {
        const path = fresh()
        const result = await py.run('attempts:attempt', [path, dies], { retry }).catch((error) => {
          expect(error).toBeInstanceOf(WorkerDiedError)
          return 'died'
        })
        expect(result).toBe(expected)
        expect(readFileSync(path, 'utf8').split('\n').length - 1).toBe(Math.min(retry, dies) + 1)
      }
      await healthy(py, 2)
    })

    it('of an import is made again too', async () => {
      await using py = await start(place, { workers: 1 })
      const calls = py.import(file('calls.py'), { retry: 1 })
      const long = calls['sleep']?.(0.3)
      await sleep(100)
      kill(py, 0)
      expect(await long).toBe(0.3)
      expect(py.stats().replaced).toBe(1)
    })

    it('that raises is not made again', async () => {
      const path = fresh()
      await using py = await start(place)
      await py.module(
        `def once(path):\n  open(path, "a").write("x")\n  raise ValueError`,
        'once_only',
      )
      await expect(py.run('once_only:once', [path], { retry: 5 })).rejects.toMatchObject({
        type: 'ValueError',
      })
      expect(readFileSync(path, 'utf8')).toBe('x')
    })

    it('that was aborted meanwhile is not made again', async () => {
      await using py = await start(place, { workers: 1 })
      const abort = new AbortController()
      const call = refusal(() =>
        py.run(`${CALLS}:sleep`, [600], { retry: 5, signal: abort.signal }),
      )
      await sleep(50)
      abort.abort()
      expect(await call).toMatchObject({ code: 'ERR_PYTHREADS_ABORTED' })
      kill(py, 0)
      await healthy(py, 1)
      expect(py.stats()).toMatchObject({ running: 0, queued: 0 })
    })

    it('takes no functions or iterables of JavaScript', async () => {
      await using py = await start(place, { workers: 1 })
      const generator = function* () {
        yield 1
      }
      for (const args of [[() => 1], [{ deep: [() => 1] }], [generator()]]) {
        expect(await refusal(() => py.run(`${CALLS}:identity`, args, { retry: 1 }))).toMatchObject({
          code: 'ERR_PYTHREADS_ARGUMENT',
        })
      }
      expect(py.stats()).toMatchObject({ callbacks: 0, running: 0, queued: 0 })
      expect(await py.run(`${CALLS}:size`, [[1, 2]], { retry: 1 })).toBe(2)
    })

    it('of a map makes its chunks again', async () => {
      await using py = await start(place)
      const roots: number[] = []
      let killed = 0
      for await (const item of py.map<number>(`${CALLS}:sleep`, Array(40).fill(0.01), {
        chunk: 2,
        retry: 3,
      })) {
        roots.push(item)
        if (roots.length % 15 === 0 && killed++ < 2) kill(py, states(py).indexOf('busy'))
      }
      expect(roots).toHaveLength(40)
      expect(killed).toBe(2)
    })
  })

  describe('a worker that does not start again', () => {
    const initialize = (attempts: string, cause: string) => ({
      target: `${DYING}:begin`,
      args: [attempts, cause],
    })

    it('is tried again, less and less often, and the pool recovers when the cause is gone', async () => {
      const [attempts, cause] = [fresh(), fresh()]
      await using py = await start(place, { workers: 1, initialize: initialize(attempts, cause) })
      places.file(basename(cause), '')
      kill(py, 0)
      const times = () => readFileSync(attempts, 'utf8').trim().split('\n').map(Number)
      await expect.poll(() => times().length, { timeout: SOON_MS }).toBeGreaterThanOrEqual(5)
      // A call that waits for a start that fails is refused: the cause must go between two starts.
      await expect.poll(() => states(py), { timeout: SOON_MS }).toEqual(['down'])
      const pauses = times()
        .slice(1)
        .map((time, i, all) => (time - (all[i - 1] ?? time)) * 1000)
        .slice(1)
      for (const [i, pause] of pauses.slice(0, 3).entries())
        expect(pause).toBeGreaterThanOrEqual(95 * 2 ** i)
      rmSync(cause)
      expect(await py.run(`${CALLS}:identity`, ['back'])).toBe('back')
      await healthy(py, 1)
    })

    it('says so in stats, and lets calls fail that wait for nothing, with the reason', async () => {
      const [attempts, cause] = [fresh(), fresh()]
      await using py = await start(place, { workers: 1, initialize: initialize(attempts, cause) })
      places.file(basename(cause), '')
      const dying = death(() => py.eval(`${OS}._exit(1)`))
      const waiting = refusal(() => py.eval('1'))
      await dying
      expect(await waiting).toMatchObject({
        code: expect.stringMatching(/WORKER_DIED|WORKER_START/),
      })
      await expect.poll(() => py.stats().workers[0]?.state).toBe('down')
      expect(await refusal(() => py.eval('1'))).toMatchObject({
        code: expect.stringMatching(/WORKER_DIED|WORKER_START/),
      })
      expect(await refusal(() => py.run(`${CALLS}:identity`, [1], { worker: 0 }))).toMatchObject({
        code: expect.stringMatching(/WORKER_DIED|WORKER_START/),
      })
      rmSync(cause)
      await healthy(py, 1)
    })

    it('while others start leaves the calls to them, and calls that name it fail', async () => {
      const [attempts, cause] = [fresh(), fresh()]
      await using py = await start(place, { workers: 2, initialize: initialize(attempts, cause) })
      places.file(basename(cause), '')
      kill(py, 1)
      await expect.poll(() => py.stats().workers[1]?.state, { timeout: SOON_MS }).toBe('down')
      expect(
        await Promise.all(Array.from({ length: 50 }, (_, i) => py.run(`${CALLS}:identity`, [i]))),
      ).toHaveLength(50)
      expect(await refusal(() => py.run(`${CALLS}:identity`, [1], { worker: 1 }))).toMatchObject({
        code: expect.stringMatching(/WORKER_DIED|WORKER_START/),
      })
      rmSync(cause)
      await healthy(py, 2)
    })

    it('while the pool closes does not keep it from closing', async () => {
      const [attempts, cause] = [fresh(), fresh()]
      const py = await start(place, { workers: 1, initialize: initialize(attempts, cause) })
      places.file(basename(cause), '')
      kill(py, 0)
      await expect.poll(() => py.stats().workers[0]?.state, { timeout: SOON_MS }).toBe('down')
      await py.close()
      const after = readFileSync(attempts, 'utf8')
      await sleep(1_000)
      expect(readFileSync(attempts, 'utf8')).toBe(after)
    })

    it('because it dies between two steps of its set-up is replaced, and gets all of them', async () => {
      const path = fresh()
      places.file(basename(path), '') // the first worker lives
      const py = await start(place, { workers: 1 })
      await py.exec`import sys; sys.path.insert(0, ${file('.').pathname}); from dying import die_at_next_request, mark`
      await py.exec`die_at_next_request(${path})`
      for (const step of ['steps = [1]', 'steps.append(2)', 'steps.append(3)']) await py.exec(step)
      rmSync(path)
      kill(py, 0)
      await expect.poll(() => existsSync(path), { timeout: SOON_MS }).toBe(true)
      await healthy(py, 1)
      expect(await py.eval('steps')).toEqual([1, 2, 3])
      expect(await Promise.race([py.close(), sleep(SOON_MS, 'still open')])).toBeUndefined()
    })

    it('in the beginning keeps the pool from starting, with what it said', async () => {
      const module = places.file(
        'talks.py',
        'import os\nprint("I cannot", flush=True)\nos._exit(3)\n',
      )
      for (const output of ['inherit', 'ignore', () => {}] as const) {
        const error = await refusal(() => start(place, { preload: [module], output }))
        expect(error.code).toBe('ERR_PYTHREADS_WORKER_START')
        expect(error.message).toContain('status 3')
        expect(error.message).toContain('I cannot')
      }
    })

    it('in time is ended', async () => {
      const module = places.file('sleeps.py', 'import time\ntime.sleep(600)\n')
      const begin = performance.now()
      const error = await refusal(() => start(place, { preload: [module], startTimeoutMs: 500 }))
      expect(error.code).toBe('ERR_PYTHREADS_WORKER_START')
      expect(performance.now() - begin).toBeLessThan(SOON_MS)
    })
  })
}

/**
 * A worker process that was taken over sends frames that it may not send: it ends, its call has a
 * code, and the next call has another worker.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { OutputLine, Python } from '../../src/index.ts'
import { KIND, type Kind } from '../../src/wire/index.ts'
import { runFixture } from '../support/child.ts'
import { deferred } from '../support/deferred.ts'
import { type HostileFrame, hostile, send, tell } from '../support/hostile.ts'
import { refusal } from '../support/outcome.ts'
import { file, placement, start } from '../support/placement.ts'

const PROTOCOL = { code: 'ERR_PYTHREADS_PROTOCOL' }
const NOBODYS = 7777
const place = () => placement('process')

describe('a frame that is out of place', () => {
  let py: Python
  beforeAll(async () => {
    const logging = { level: 'INFO', handler: () => {} } as const
    py = await start(place(), { workers: 1, output: () => {}, warnings: () => {}, logging })
  })
  afterAll(() => py.close())

  const empty = (kind: Kind, more: Partial<HostileFrame> = {}): HostileFrame => ({
    kind,
    payload: 'b""',
    ...more,
  })
  const cases: [string, HostileFrame][] = [
    ['READY a second time', { kind: KIND.READY, payload: '{"pid": 1}' }],
    ['READY on the side channel', { kind: KIND.READY, payload: '{"pid": 1}', side: true }],
    ['the result of a call that nobody made', { kind: KIND.RESULT, payload: '1', number: NOBODYS }],
    [
      'the result of a call that nobody made, on the side channel',
      { kind: KIND.RESULT, payload: '1', number: NOBODYS, side: true },
    ],
    ['a result twice', { kind: KIND.RESULT, payload: '1', times: 2 }],
    [
      'a result twice, on the side channel',
      { kind: KIND.RESULT, payload: '1', times: 2, side: true },
    ],
    ['the error of a call that nobody made', { kind: KIND.ERROR, payload: '{}', number: NOBODYS }],
    [
      'a call that could not be read, which nobody made',
      { kind: KIND.UNREAD, payload: '{}', number: NOBODYS },
    ],
    [
      'a call that could not be read, on the side channel',
      { kind: KIND.UNREAD, payload: '{}', side: true },
    ],
    ['a coroutine that nobody started', empty(KIND.PENDING, { number: NOBODYS })],
    ['a coroutine that starts twice', empty(KIND.PENDING, { times: 2 })],
    ['a coroutine that starts on the side channel', empty(KIND.PENDING, { side: true })],
    ['a call that was skipped, though it was not taken back', empty(KIND.SKIPPED)],
    ['a call that was skipped, which nobody made', empty(KIND.SKIPPED, { number: NOBODYS })],
    ['a call that was skipped, on the side channel', empty(KIND.SKIPPED, { side: true })],
    ['a call that was interrupted, on the main channel', empty(KIND.ACKNOWLEDGED)],
    [
      'the time of a call that nobody made',
      { kind: KIND.THREAD_TIME, payload: '70000', number: NOBODYS },
    ],
    ['a time that is none', { kind: KIND.THREAD_TIME, payload: '-1' }],
    ['a time on the side channel', { kind: KIND.THREAD_TIME, payload: '70000', side: true }],
    ['a request for memory that was not lent', empty(KIND.FETCH, { number: 3, side: true })],
    ['a request for memory on the main channel', empty(KIND.FETCH, { number: 0 })],
    ['a GIL that is turned on where there is one', { kind: KIND.GIL_ENABLED, payload: '"x"' }],
    ['a module that is no text', { kind: KIND.REFUSED, payload: '[1]' }],
    ['output that is no list', { kind: KIND.OUTPUT, payload: '5' }],
    ['output without its fields', { kind: KIND.OUTPUT, payload: '(1,)' }],
    ['output that is no text', { kind: KIND.OUTPUT, payload: '(1, None, 5, False, 0)' }],
    ['a warning without its fields', { kind: KIND.WARNING, payload: '(1,)', side: true }],
    ['a record without its fields', { kind: KIND.LOG, payload: '[]', side: true }],
    ['a callback without its function', { kind: KIND.CALLBACK, payload: '[]' }],
    [
      'a callback without a number of its own',
      { kind: KIND.CALLBACK, payload: '[1, [], 0, 0]', number: 0 },
    ],
    ['a kind that does not exist', { kind: 90, payload: 'b""' }],
    ['a kind that goes to Python', { kind: KIND.CALL, payload: 'b""' }],
    ['a flag that does not exist', { kind: KIND.RESULT, payload: '1', flags: 1 }],
    ['a payload that is no value', { kind: KIND.RESULT, payload: 'b"xyz"' }],
    ['a payload of code', { kind: KIND.RESULT, payload: 'send.__code__' }],
    ['a length beyond the most', { kind: KIND.PENDING, payload: 'bytes(5)' }],
    [
      'text',
      { kind: KIND.RESULT, payload: 'write(MAIN, b"printed where a frame should be") or 1' },
    ],
    [
      'text on the side channel',
      {
        kind: KIND.ACKNOWLEDGED,
        payload: 'write(SIDE, b"printed where a frame should be") or b""',
        side: true,
      },
    ],
  ]

  it.each(cases)('ends its worker: %s', async (_, frame) => {
    await py.eval('1') // there is a worker that has begun a call
    const { replaced } = py.stats()
    const sent = send(py, frame)
    // The call itself may have its result by then, and the next one may have had the next worker.
    const ended = await Promise.allSettled([sent, py.eval('1 + 1')])
    const codes = ended.map((result) =>
      result.status === 'rejected' ? (result.reason as { code: string }).code : undefined,
    )
    for (const code of codes) expect(code ?? PROTOCOL.code).toBe(PROTOCOL.code)
    expect(await py.eval('2 + 2')).toBe(4)
    expect(py.stats().replaced).toBe(replaced + 1)
  })
})

describe('a first frame', () => {
  it.each([
    ['that is a result', KIND.RESULT, 'ERR_PYTHREADS_WORKER_START'],
    ['that is a callback', KIND.CALLBACK, 'ERR_PYTHREADS_WORKER_START'],
    ['of a kind that does not exist', 99, 'ERR_PYTHREADS_PROTOCOL'],
    ['that is an error without its fields', KIND.ERROR, 'ERR_PYTHREADS_PROTOCOL'],
    ['that is ready without facts', KIND.READY, 'ERR_PYTHREADS_WORKER_START'],
  ])('%s is the error of the start, and ends the process', async (_, kind, code) => {
    const env = { ...process.env, HOSTILE_FIRST: String(kind) }
    const options = { env, path: [file('.').pathname], preload: ['hostile_first'], workers: 1 }
    expect(await refusal(() => start(place(), options))).toMatchObject({ code })
  })
})

describe('a flood', () => {
  let py: Python
  let calls = 0
  beforeAll(async () => {
    py = await start(place(), { workers: 1 })
  })
  afterAll(() => py.close())
  const give = async () => {
    calls = 0
    await hostile(py, 'hold', [() => 'x'.repeat(10_000 + 0 * calls++)])
    return hostile<number>(py, 'number')
  }

  it('of callbacks of the thread whose results it does not read ends the worker', async () => {
    const payload = `[${await give()}, [], 0, 0]`
    expect(
      await refusal(() => send(py, { kind: KIND.CALLBACK, payload, number: 5, times: 100_000 })),
    ).toMatchObject(PROTOCOL)
    expect(calls).toBeLessThan(2_000)
    expect(await py.eval('1 + 1')).toBe(2)
  })

  it('of callbacks on the side channel is read no faster than the worker reads their results', async () => {
    const payload = `[${await give()}, [], 0, 0]`
    const controller = new AbortController()
    const sent = py
      .run(`${file('hostile_frames.py').pathname}:flood`, [KIND.CALLBACK, payload], {
        signal: controller.signal,
      })
      .catch((error: unknown) => error)
    // It stands still at some number: the answers fill the socket, and a mebibyte beside it.
    let last = -1
    const standsStill = () => {
      const before = last
      last = calls
      return calls > 0 && before === calls
    }
    await expect.poll(standsStill, { timeout: 20_000, interval: 300 }).toBe(true)
    expect(calls).toBeLessThan(2_000)
    controller.abort()
    expect(await sent).toMatchObject({ code: 'ERR_PYTHREADS_ABORTED' })
  })

  it('leaves the event loop its turns', async () => {
    const payload = `[${await give()}, [], 0, 0]`
    let turns = 0
    let most = 0
    let before = 0
    const turn = () => {
      turns++
      most = Math.max(most, calls - before)
      before = calls
      timer = setImmediate(turn)
    }
    let timer = setImmediate(turn)
    await hostile(py, 'converse', [KIND.CALLBACK, payload, 20_000])
    await expect.poll(() => calls, { timeout: 20_000 }).toBe(20_000)
    clearImmediate(timer)
    expect(most).toBeLessThanOrEqual(256 * 33)
    expect(turns).toBeGreaterThan(1)
  })

  it('of lines without an end lets the oldest out', async () => {
    const lines: OutputLine[] = []
    await using other = await start(place(), { workers: 1, output: (line) => lines.push(line) })
    await hostile(other, 'begin_lines', [KIND.OUTPUT, 11_000])
    await other.eval('1')
    expect(lines.length).toBe(1_000)
    expect(lines[0]).toMatchObject({ text: 'x', end: '' })
  })

  it('of values that callbacks return does not grow without end', async () => {
    await using other = await start(place(), { workers: 1 })
    await other.exec(
      'errors = []\ndef keep(f, times):\n  for _ in range(times):\n    try: f()\n    except Exception as e: errors.append(e)',
    )
    const thrower = () => {
      throw 'no'
    }
    await other.eval`keep(${thrower}, 70_000)`
    expect(other.stats().callbacks).toBeLessThanOrEqual(2 ** 16 + 1)
    expect(await other.eval('len(errors)')).toBe(70_000)
    expect(await other.eval('str(errors[-1])')).toBe('no')
  })
})

describe('what comes in between', () => {
  it('does not keep a worker from its end, however often it says that it ends', async () => {
    const py = await start(place(), { workers: 1, closeGraceMs: 200 })
    await hostile(py, 'linger')
    await py.close() // would never resolve
    expect(py.stats().workers[0]?.state).not.toBe('busy')
  })

  it('is no result of a call that another worker has', async () => {
    await using py = await start(place(), { workers: 2 })
    const opened = deferred()
    const honest = py.run('builtins:eval', ['f()', { f: () => opened.promise }], { worker: 0 })
    const frame = { kind: KIND.RESULT, payload: '"stolen"', number: 1 }
    const first = await tell(py, { ...frame, number: 2 ** 31 }, 1).catch((error: unknown) => error)
    expect(first).toMatchObject(PROTOCOL)
    opened.resolve()
    expect(await honest).toBe(null)
  })
})

describe('sync calls', () => {
  it.each(['idle', 'idle-frame', 'busy', 'busy-main', 'side-closed', 'unknown', 'late', 'flood'])(
    'throw a code, whatever their worker sends: %s',
    async (what) => {
      const { code, stdout, stderr } = await runFixture('hostile-sync', [place().python, what])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout).toContain('alive')
    },
  )
})

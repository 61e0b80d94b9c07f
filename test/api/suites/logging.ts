import { describe, expect, it } from 'vitest'
import type {
  OutputLine,
  Python,
  PythonLogRecord,
  PythonOptions,
  PythonWarning,
} from '../../../src/index.ts'
import { deferred } from '../../support/deferred.ts'
import { file, type Placement, start } from '../../support/placement.ts'
import { scaled } from '../../support/scale.ts'
import { SOON_MS } from '../../support/workers.ts'

const FUNCTIONS = file('functions.py').pathname
const LOGS = `
import asyncio, gc, logging, os, threading, warnings

log = logging.getLogger("app.part")

def say(level, message, *args, **options):
    log.log(getattr(logging, level), message, *args, **options)
    return "said"

def say_alone(message):
    alone = logging.getLogger("alone")
    alone.propagate = False
    alone.error(message)

def in_thread(message):
    thread = threading.Thread(target=log.info, args=(message,), name="mine")
    thread.start()
    thread.join()

async def in_coroutine(message):
    await asyncio.sleep(0)
    log.info(message)

def with_exception():
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("failed", stack_info=True)

class Unprintable:
    def __str__(self):
        raise RuntimeError("of a text")
    __repr__ = __str__

class Talks:
    def __str__(self):
        log.info("within %s", "a text")
        return "talks"

class Endless:
    def __str__(self):
        log.info("%s", self)
        return "endless"

def unprintable():
    log.info("%s", Unprintable())
    log.info("%d", "x")
    log.info("kept", extra={"plain": {"a": [1]}, "other": object(), "big": "x" * 1_000_000})

def talks():
    log.info("%s", Talks())

def endless():
    try:
        log.info("%s", Endless())
    except RecursionError:
        pass

class Finalized:
    def __init__(self):
        self.me = self
    def __del__(self):
        log.info("finalized")

def finalizes(count):
    for _ in range(count):
        Finalized()
        log.info("made")
    gc.collect()

def many(count):
    for number in range(count):
        log.info("%d", number)

def own_handlers():
    """What a program's own handlers get, at the level that it has set."""
    got = []
    class Own(logging.Handler):
        def emit(self, record):
            got.append((record.levelname, record.getMessage()))
    handler = Own()
    logging.getLogger().addHandler(handler)
    try:
        log.debug("d"); log.info("i"); log.warning("w")
        silenced = logging.getLogger("silenced")
        silenced.setLevel(logging.ERROR)
        silenced.warning("no"); silenced.error("yes")
        logging.disable(logging.CRITICAL)
        log.error("disabled")
        logging.disable(logging.NOTSET)
        log.handle(logging.makeLogRecord({"name": "app.part", "levelno": 20, "levelname": "INFO", "msg": "handled"}))
    finally:
        logging.getLogger().removeHandler(handler)
    return got, logging.getLogger().handlers, logging.getLogger().level

def where(level):
    def inner():
        log.info("here", stacklevel=level)
    inner()

def warn(message):
    warnings.warn(message, UserWarning, stacklevel=1)

def warn_in_thread(message):
    thread = threading.Thread(target=warn, args=(message,))
    thread.start()
    thread.join()

async def warn_in_coroutine(message):
    await asyncio.sleep(0)
    warn(message)

def in_child(path):
    if os.fork() == 0:
        log.info("of a child")
        with open(path, "w") as file:
            file.write("done")
        return
    os.wait()
    log.info("of the parent")
`

/** Records of `logging`, and warnings. */
export function loggingSuite(place: Placement): void {
  /** A pool with the module above, and what it tells. */
  async function logging(
    options: Partial<PythonOptions> & { level?: 'DEBUG' | 'INFO' | 'ERROR' | number } = {},
  ) {
    const { level = 'INFO', ...others } = options
    const records: PythonLogRecord[] = []
    const warnings: PythonWarning[] = []
    const handler = (record: PythonLogRecord) => void records.push(record)
    const told = {
      logging: { handler, level },
      warnings: (warning: PythonWarning) => void warnings.push(warning),
    }
    const py: Python = await start(place, { workers: 1, ...told, ...others })
    await py.module(LOGS, 'logs')
    return { py, records, warnings, [Symbol.asyncDispose]: () => py.close() }
  }

  describe('a record of logging', () => {
    it('arrives before the result of its call, with what it says and where it comes from', async () => {
      await using pool = await logging()
      const { py, records } = pool
      const before = Date.now()
      const options = { kwargs: { extra: { user: 7, tags: ['a'] } } }
      expect(await py.run('logs:say', ['WARNING', 'hello %s', 'you'], options)).toBe('said')
      expect(records).toHaveLength(1)
      expect(records[0]).toMatchObject({
        ...{
          level: 30,
          levelName: 'WARNING',
          logger: 'app.part',
          message: 'hello you',
          worker: 0,
          target: 'logs:say',
        },
        ...{
          file: '<pythreads module logs>',
          line: 7,
          function: 'say',
          exception: undefined,
          stack: undefined,
        },
        extra: { user: 7, tags: ['a'] },
      })
      expect(records[0]?.time.getTime()).toBeGreaterThanOrEqual(before - 1)
      expect(records[0]?.call).toEqual(expect.any(Number))
    })

    it('comes from threads, coroutines, callbacks, sessions, map and sync calls', async () => {
      await using pool = await logging()
      const { py, records } = pool
      const heard = () => records.map(({ message }) => message)
      await py.run('logs:in_coroutine', ['coroutine'])
      expect(records.at(-1)).toMatchObject({
        message: 'coroutine',
        worker: 0,
        target: 'logs:in_coroutine',
      })
      await py.run('logs:in_thread', ['thread'])
      await expect.poll(heard).toContain('thread')
      const alone = place.isolation !== 'thread'
      expect(records.at(-1)).toMatchObject({ thread: 'mine', worker: alone ? 0 : null, call: null })
      await py.run(`${FUNCTIONS}:apply`, [() => py.run('logs:say', ['INFO', 'within'])])
      expect(records.at(-1)).toMatchObject({ message: 'within', target: 'logs:say' })
      for await (const _ of py.map('logs:in_coroutine', ['map']))
        expect(records.at(-1)?.message).toBe('map')
      {
        await using session = await py.session()
        await session.exec('import logging; logging.getLogger("of").info("session")')
        expect(records.at(-1)).toMatchObject({ logger: 'of', message: 'session' })
      }
      py.sync.run('logs:say', ['INFO', 'sync'])
      await expect.poll(heard).toContain('sync')
      expect(records.at(-1)).toMatchObject({ worker: null, call: null, target: undefined })
    })

    it('has the traceback of its exception, and its stack', async () => {
      await using pool = await logging()
      await pool.py.run('logs:with_exception')
      const [record] = pool.records
      expect(record?.exception).toMatch(
        /^Traceback \(most recent call last\):\n.*ZeroDivisionError: division by zero$/s,
      )
      expect(record?.stack).toContain('in with_exception')
    })

    it('is sent from the level on that the pool names, and by no other', async () => {
      await using debug = await logging({ level: 'DEBUG' })
      for (const level of ['DEBUG', 'INFO', 'ERROR']) await debug.py.run('logs:say', [level, level])
      expect(debug.records.map(({ levelName }) => levelName)).toEqual(['DEBUG', 'INFO', 'ERROR'])
      await using errors = await logging({ level: 40 })
      for (const level of ['DEBUG', 'INFO', 'ERROR'])
        await errors.py.run('logs:say', [level, level])
      expect(errors.records.map(({ levelName }) => levelName)).toEqual(['ERROR'])
      const seen: string[] = []
      await using plain = await start(place, {
        workers: 1,
        logging: ({ message }) => void seen.push(message),
      })
      await plain.module(LOGS, 'logs')
      for (const level of ['DEBUG', 'INFO', 'ERROR']) await plain.run('logs:say', [level, level])
      expect(seen).toEqual(['INFO', 'ERROR'])
    })

    it("changes nothing for the program's own handlers, and is not of a logger that the program silences", async () => {
      await using pool = await logging({ level: 'DEBUG' })
      expect(await pool.py.run('logs:own_handlers')).toEqual([
        [
          ['WARNING', 'w'],
          ['ERROR', 'yes'],
          ['INFO', 'handled'],
        ],
        [],
        30,
      ])
      expect(pool.records.map(({ message }) => message)).toEqual(['d', 'i', 'w', 'yes', 'handled'])
    })

    it('has the place that its caller names', async () => {
      await using pool = await logging()
      for (const level of [1, 2, 3]) await pool.py.run('logs:where', [level])
      expect(pool.records.map((record) => record.function).slice(0, 2)).toEqual(['inner', 'where'])
      expect(pool.records[2]?.function).not.toBe('where')
    })

    it('that cannot be shown, or has what cannot cross, costs no more than that', async () => {
      await using pool = await logging()
      await pool.py.run('logs:unprintable')
      expect(pool.records.map(({ message }) => message)).toEqual([
        expect.stringMatching(/^%s \(this cannot be formatted: RuntimeError/),
        expect.stringMatching(/^%d \(this cannot be formatted: TypeError/),
        'kept',
      ])
      expect(pool.records[2]?.extra).toEqual({ plain: { a: [1] } })
    })

    it('may be made while another one is, and in a finalizer, without an end of its own', async () => {
      await using pool = await logging()
      const { py, records } = pool
      await py.run('logs:talks')
      // Newer Pythons discard what is logged while the same logger handles a record.
      expect(records.at(-1)?.message).toBe('talks')
      await py.run('logs:endless')
      records.length = 0
      const count = scaled(200, 5_000)
      await py.run('logs:finalizes', [count])
      const of = (text: string) => records.filter(({ message }) => message === text).length
      await expect.poll(() => of('made'), { timeout: SOON_MS }).toBe(count)
      await expect.poll(() => of('finalized'), { timeout: SOON_MS }).toBeGreaterThan(0)
    })

    it('waits for a handler that is slow, and none is lost, in their order', async () => {
      await using pool = await logging()
      const count = scaled(5_000, 50_000)
      const call = pool.py.run('logs:many', [count])
      const end = performance.now() + 50
      while (performance.now() < end); // nothing is read meanwhile
      await call
      expect(pool.records.map(({ message }) => Number(message))).toEqual(
        Array.from({ length: count }, (_, i) => i),
      )
    })

    it('made by a long sync call does not stop it, though nothing is read', async () => {
      await using pool = await logging()
      const count = scaled(4_000, 9_000)
      pool.py.sync.run('logs:many', [count])
      await expect.poll(() => pool.records.length, { timeout: SOON_MS }).toBe(count)
    })

    it('goes to its own pool alone', async () => {
      await using one = await logging()
      await using other = await logging()
      await using silent = await start(place, { workers: 1 })
      await silent.module(LOGS, 'logs')
      await Promise.all(
        [one.py, other.py, silent].map((py, i) => py.run('logs:say', ['INFO', `${i}`])),
      )
      expect(one.records.map(({ message }) => message)).toEqual(['0'])
      expect(other.records.map(({ message }) => message)).toEqual(['1'])
    })

    it('of preload and initialize arrives', async () => {
      const records: string[] = []
      await using _ = await start(place, {
        ...{ workers: 1, logging: ({ message }) => void records.push(message) },
        initialize: { target: 'logging:info', args: ['initialized'] },
      })
      expect(records).toEqual(['initialized'])
    })

    it.runIf(place.isolation === 'process')('of a forked child is not sent', async () => {
      await using pool = await logging()
      await pool.py.run('logs:in_child', ['/dev/null'])
      expect(pool.records.map(({ message }) => message)).toEqual(['of the parent'])
    })

    it('whose handler throws is an error of the program, not of the worker', async () => {
      const errors: unknown[] = []
      const listeners = process.listeners('uncaughtException')
      process.removeAllListeners('uncaughtException')
      process.on('uncaughtException', (error) => void errors.push(error))
      try {
        const fail = () => {
          throw new Error('of a handler')
        }
        await using py = await start(place, { workers: 1, logging: fail })
        await py.module(LOGS, 'logs')
        expect(await py.run('logs:say', ['INFO', 'x'])).toBe('said')
        await expect.poll(() => errors.length).toBe(1)
      } finally {
        process.removeAllListeners('uncaughtException')
        for (const listener of listeners) process.on('uncaughtException', listener)
      }
    })

    it('is not printed as well, where the program has no handler', async () => {
      const lines: OutputLine[] = []
      await using pool = await logging({ output: (line) => void lines.push(line) })
      await pool.py.run('logs:say_alone', ['once'])
      expect(pool.records.map(({ message }) => message)).toEqual(['once'])
      expect(lines).toEqual([])
    })
  })

  describe('a warning for a function', () => {
    it('has its class, message, place, worker and call', async () => {
      await using pool = await logging()
      const { py, warnings } = pool
      await py.run('logs:warn', ['one'])
      const place_ = {
        category: 'UserWarning',
        file: '<pythreads module logs>',
        line: expect.any(Number),
        worker: 0,
      }
      expect(warnings).toMatchObject([
        { ...place_, message: 'one', target: 'logs:warn', call: expect.any(Number) },
      ])
      await py.run('logs:warn_in_coroutine', ['two'])
      expect(warnings[1]).toMatchObject({ message: 'two', target: 'logs:warn_in_coroutine' })
      await py.run('logs:warn_in_thread', ['three'])
      await expect.poll(() => warnings.length).toBe(3)
      expect(warnings[2]).toMatchObject({
        message: 'three',
        worker: place.isolation === 'thread' ? null : 0,
        call: null,
      })
      py.sync.run('logs:warn', ['four'])
      await expect.poll(() => warnings.length).toBe(4)
      expect(warnings[3]).toMatchObject({ message: 'four', worker: null, call: null })
    })

    it('goes to its own pool alone', async () => {
      await using one = await logging()
      await using other = await logging()
      const released = deferred()
      const both = [one, other].map(({ py }, i) =>
        py
          .run(`${FUNCTIONS}:apply`, [() => released.promise])
          .then(() => py.run('logs:warn', [`${i}`])),
      )
      released.resolve()
      await Promise.all(both)
      expect([one, other].map(({ warnings }) => warnings.map(({ message }) => message))).toEqual([
        ['0'],
        ['1'],
      ])
    })
  })
}

/** What holds in some placements only. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Python } from '../../../src/index.ts'
import { refusal } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'
import { Places } from '../../support/places.ts'
import { pythons } from '../../support/pythons.ts'

const CALLS = file('calls.py').pathname
const SPAWNS = file('spawns.py').pathname

/** Workers in processes of their own can die. */
export function dyingWorkerSuite(place: Placement): void {
  describe('a worker that dies', () => {
    it.each([
      ['__import__("os")._exit(3)', 'status 3'],
      ['__import__("os")._exit(0)', 'status 0'],
      ['__import__("os").kill(__import__("os").getpid(), 9)', 'SIGKILL'],
      ['__import__("os").abort()', 'SIGABRT'],
      ['__import__("ctypes").string_at(8)', 'SIGSEGV'],
    ])(
      'of %s is told with how it ended; the others go on and the pool heals',
      async (source, how) => {
        await using py = await start(place)
        await py.exec('state = ["executed"]')
        await py.exec('state.append("twice")')
        const dying = py.eval(source)
        const others = Array.from({ length: 20 }, (_, i) => py.run(`${CALLS}:identity`, [i]))
        const error = await refusal(() => dying)
        expect(error).toMatchObject({
          code: 'ERR_PYTHREADS_WORKER_DIED',
          message: expect.stringContaining(how),
        })
        expect(await Promise.all(others)).toEqual(Array.from({ length: 20 }, (_, i) => i))
        const states = [0, 1].map((worker) => py.run('builtins:repr', [worker], { worker }))
        expect(await Promise.all(states)).toEqual(['0', '1'])
        const both = Array.from({ length: 2 }, () =>
          py.eval('[state, __import__("time").sleep(0.2)][0]'),
        )
        expect(await Promise.all(both)).toEqual(Array(2).fill(['executed', 'twice']))
        expect(py.stats()).toMatchObject({ replaced: 1, running: 0, queued: 0 })
        expect(py.stats().workers.map(({ state }) => state)).toEqual(['idle', 'idle'])
      },
    )

    it('while it is idle is replaced before anybody notices', async () => {
      await using py = await start(place)
      const [pid] = py.stats().workers.map((worker) => worker.pid)
      process.kill(pid ?? 0, 'SIGKILL')
      await expect.poll(() => py.stats().replaced).toBe(1)
      await expect
        .poll(() => py.stats().workers.map(({ state }) => state))
        .toEqual(['idle', 'idle'])
      expect(
        await Promise.all(
          [0, 1].map((worker) => py.run(`${CALLS}:identity`, [worker], { worker })),
        ),
      ).toEqual([0, 1])
    })

    it('of every call is replaced every time', async () => {
      await using py = await start(place, { workers: 1 })
      for (let i = 0; i < 5; i++) {
        expect(await refusal(() => py.eval('__import__("os")._exit(1)'))).toMatchObject({
          code: 'ERR_PYTHREADS_WORKER_DIED',
        })
      }
      expect(await py.eval('1')).toBe(1)
      expect(py.stats()).toMatchObject({ replaced: 5, calls: 6 })
    })

    it('rejects a map, and the pool recovers', async () => {
      await using py = await start(place)
      const map = py.map(`${file('mapped.py').pathname}:dies_at`, [0, 1, 2, 3, 4, 5], {
        chunk: 1,
        kwargs: { bad: 3 },
      })
      expect([
        (await map.next()).value,
        (await map.next()).value,
        (await map.next()).value,
      ]).toEqual([0, 1, 2])
      expect(await refusal(() => map.next())).toMatchObject({ code: 'ERR_PYTHREADS_WORKER_DIED' })
      expect(await py.eval('1')).toBe(1)
    })

    it('while the pool closes does not keep it from closing', async () => {
      const py = await start(place, { workers: 1 })
      const dying = refusal(() =>
        py.eval('[__import__("time").sleep(0.1), __import__("os")._exit(4)]'),
      )
      const waiting = py.eval('"served by the next"')
      await py.close()
      expect(await dying).toMatchObject({ code: 'ERR_PYTHREADS_WORKER_DIED' })
      expect(await waiting).toBe('served by the next')
    })

    it('rejects a sync call, and the next sync call has a worker again', async () => {
      await using py = await start(place, { workers: 1 })
      await py.exec('state = "executed"')
      expect(py.sync.eval('state')).toBe('executed')
      for (const source of ['__import__("os")._exit(3)', '__import__("os").abort()']) {
        expect(await refusal(() => py.sync.eval(source))).toMatchObject({
          code: 'ERR_PYTHREADS_WORKER_DIED',
        })
        expect(py.sync.eval('state')).toBe('executed')
      }
      expect(await py.eval('state')).toBe('executed')
    })

    it('because of bytes that are no frame rejects its call, and is replaced', async () => {
      await using py = await start(place, { workers: 1 })
      for (const bytes of [
        'b"hello world, this is no frame"',
        'b"\\x05\\0\\0\\0\\1\\0\\0\\0\\x41\\0\\0\\0wrong"',
      ]) {
        const call = py.eval(`[__import__("os").write(3, ${bytes}), __import__("time").sleep(5)]`)
        expect(await refusal(() => call)).toMatchObject({ code: 'ERR_PYTHREADS_PROTOCOL' })
        expect(await py.eval('1')).toBe(1)
      }
    })
  })
}

/** A process can hold one Python. */
export function onePythonSuite(place: Placement): void {
  describe('another Python', () => {
    const places = new Places()
    const other = pythons.find(
      ({ executable, isolations }) => executable !== place.python && isolations.includes('thread'),
    )
    let py: Python
    beforeAll(async () => {
      py = await start(place)
    })
    afterAll(async () => {
      await py.close()
      places[Symbol.dispose]()
    })

    it.runIf(other !== undefined)(
      'in this process is refused, and works in processes of its own',
      async () => {
        const python = other?.executable ?? ''
        const error = await refusal(() => Python.start({ isolation: 'thread', python }))
        expect(error).toMatchObject({ code: 'ERR_PYTHREADS_OTHER_PYTHON' })
        expect(error.message).toContain(python)
        expect(error.message).toContain("isolation 'process'")
        await using processes = await Python.start({ isolation: 'process', python, workers: 1 })
        expect(await processes.eval('__import__("sys").version.split()[0]')).toBe(other?.release)
        expect(await py.eval('__import__("sys").version.split()[0]')).not.toBe('')
      },
    )

    it('is refused before a module of `preload` or a folder of `path` gets into the one that is there', async () => {
      const folder = places.folder('preloaded')
      places.file('preloaded/leaves_a_trace.py', 'import builtins\nbuiltins.trace = True\n')
      const options = {
        path: [folder],
        preload: ['leaves_a_trace'],
        python: other?.executable ?? '',
      }
      const error = await refusal(() => Python.start({ isolation: 'thread', ...options }))
      expect(error).toMatchObject({ code: 'ERR_PYTHREADS_OTHER_PYTHON' })
      const seen =
        await py.eval`[hasattr(__import__("builtins"), "trace"), ${folder} in __import__("sys").path]`
      expect(seen).toEqual([false, false])
    })

    it('of another virtual environment is another Python, though its library is the same', async () => {
      const python = places.venv('environment', place.python)
      expect(await refusal(() => Python.start({ isolation: 'thread', python }))).toMatchObject({
        code: 'ERR_PYTHREADS_OTHER_PYTHON',
      })
      await using processes = await Python.start({ isolation: 'process', python, workers: 1 })
      expect(await processes.eval('__import__("sys").prefix')).toBe(python)
      expect(await py.eval('1')).toBe(1)
    })
  })
}

/** Some extension modules refuse to load in subinterpreters. */
export function refusingModuleSuite(place: Placement): void {
  describe('a module that refuses subinterpreters', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place)
    })
    afterAll(() => py.close())

    it.each(['faulthandler', '_tracemalloc'])('is named with the fix: %s', async (module) => {
      const uses = [
        () => py.import(module),
        () => py.run(`${module}:anything`),
        () => py.eval(`__import__(${JSON.stringify(module)})`),
        () => py.exec(`def lazily():\n  import ${module}\n`).then(() => py.eval('lazily()')),
        () => py.sync.import(module),
        () => start(place, { preload: [module] }),
      ]
      for (const use of uses) {
        const error = await refusal(use)
        expect(error).toMatchObject({ code: 'ERR_PYTHREADS_MODULE_REFUSED', type: 'ImportError' })
        expect(error.message).toMatch(
          new RegExp(
            `${module} does not support loading in subinterpreters.*isolation 'process'.*'auto'`,
          ),
        )
      }
      expect(await py.eval('1')).toBe(1)
    })
  })
}

/** `multiprocessing` inside a worker. */
export function multiprocessingSuite(place: Placement): void {
  describe('multiprocessing', () => {
    it('starts Python, by spawn', async () => {
      await using py = await start(place)
      const { executable, version } = py.stats().python
      const child = await py.run<{ pid: number }>(`${SPAWNS}:in_a_pool`)
      expect(child).toEqual({ method: 'spawn', pid: expect.any(Number), executable, version })
      const pids = [process.pid, ...py.stats().workers.map(({ pid }) => pid)]
      expect(pids).not.toContain(child.pid)
      expect(await py.run(`${SPAWNS}:in_a_process`)).toEqual(['hello', 0])
    })
  })
}

/**
 * What only processes have: limits, an environment and a current folder of their own, and an end
 * when it is time.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync, realpathSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  Python,
  type PythonOptions,
  type RemoteObject,
  WorkerDiedError,
} from '../../../src/index.ts'
import { isAlive } from '../../support/ending.ts'
import { refusal } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'
import { healthy, pidOf, SOON_MS } from '../../support/workers.ts'

const CALLS = file('calls.py').pathname
const DYING = file('dying.py').pathname
const OURS = 'PYTHREADS_TEST_OF_ENVIRONMENTS'

/** Options that are for processes only. */
export function processSuite(place: Placement): void {
  describe('limits', () => {
    it('of memory: too much is a MemoryError, and the worker goes on', async () => {
      await using py = await start(place, { workers: 1, limits: { memoryMb: 200 } })
      const [{ pid } = {}] = py.stats().workers
      for (const source of ['bytearray(300 << 20)', '[0] * (60 << 20)', '"x" * (1 << 40)']) {
        await expect(py.eval(source)).rejects.toMatchObject({
          code: 'ERR_PYTHREADS_PYTHON',
          type: 'MemoryError',
        })
      }
      expect(await py.eval('len(bytearray(50 << 20))')).toBe(50 << 20)
      expect(py.stats().workers[0]?.pid).toBe(pid)
      expect(py.stats().replaced).toBe(0)
    })

    it('of memory: a worker that holds more than it may is ended, and its call told why', async () => {
      await using py = await start(place, { workers: 2, limits: { memoryMb: 150 } })
      // What is shared is no private data, so that the operating system does not count it.
      await py.exec(`import mmap, time
def hoards():
  print("I hoard")
  m = mmap.mmap(-1, 200 << 20)
  m.write(b"x" * (100 << 20))
  m.write(b"x" * (100 << 20))
  time.sleep(60)`)
      const hoarder = py.eval('hoards()')
      const error = await refusal(() => hoarder)
      expect(error.code).toBe('ERR_PYTHREADS_WORKER_DIED')
      expect(error.message).toContain('memoryMb')
      await healthy(py, 2)
      expect(py.stats()).toMatchObject({ replaced: 1, recycled: 0 })
      expect(error).toBeInstanceOf(WorkerDiedError)
      expect((error as WorkerDiedError).lastWords).toContain('I hoard')
    })

    it('of memory: what a worker holds in a file of memory that it does not map counts', async () => {
      await using py = await start(place, { workers: 1, limits: { memoryMb: 100 } })
      await py.exec(`import os, time
def hoards():
  fd = os.memfd_create("x")
  for _ in range(150): os.write(fd, b"x" * (1 << 20))
  time.sleep(60)`)
      const error = await refusal(() => py.eval('hoards()'))
      expect(error.code).toBe('ERR_PYTHREADS_WORKER_DIED')
      expect(error.message).toContain('memoryMb')
    })

    it('of memory: what cannot be read for lack of it is the error of its call, and the worker goes on', async () => {
      await using py = await start(place, {
        workers: 1,
        limits: { memoryMb: 60 },
        sharedMemoryMb: 1,
      })
      const large = new Uint8Array(64 << 20)
      const length = `${CALLS}:size`
      const session = await py.session()
      const calls = [
        () => session.run(length, [large]),
        () => session.run(length, [{ deep: [large, () => 1] }]),
        () => session.run(length, [large], { retry: 3 }),
        () => session.eval`(lambda f: len(f()))(${async () => large})`,
      ]
      for (const call of calls) expect(await refusal(call)).toMatchObject({ type: 'MemoryError' })
      expect(await session.run(length, [[1, 2]])).toBe(2)
      await session.close()
      expect(await refusal(() => py.map(length, [large, large]).next())).toMatchObject({
        type: 'MemoryError',
      })
      expect(await refusal(() => py.exec`x = ${large}`)).toMatchObject({ type: 'MemoryError' })
      expect(await refusal(() => py.sync.eval`len(${large})`)).toMatchObject({
        type: 'MemoryError',
      })
      expect(await py.run(length, [[1, 2]])).toBe(2)
      await expect
        .poll(() => py.stats())
        .toMatchObject({ replaced: 0, callbacks: 0, running: 0, memory: { lent: 0 } })
    })

    it('of processor time end a worker by SIGXCPU', async () => {
      await using py = await start(place, { workers: 1, limits: { cpuSeconds: 1 } })
      await py.exec('def spins():\n  while True: pass')
      expect(await refusal(() => py.eval('spins()'))).toMatchObject({
        ...{ code: 'ERR_PYTHREADS_WORKER_DIED', status: null, signal: 'SIGXCPU' },
      })
      await healthy(py, 1)
      expect(py.stats().replaced).toBe(1)
    })

    it('of open files are errors of Python', async () => {
      await using py = await start(place, { workers: 1, limits: { openFiles: 40 } })
      await py.exec('def opens():\n  files = []\n  while True: files.append(open("/dev/null"))')
      await expect(py.eval('opens()')).rejects.toMatchObject({ type: 'OSError' })
      expect(await py.eval('len([open("/dev/null") for _ in range(20)])')).toBe(20)
      expect(py.stats().replaced).toBe(0)
    })

    it('hold for sync calls too', async () => {
      await using py = await start(place, { workers: 1, limits: { memoryMb: 200, openFiles: 77 } })
      expect(
        py.sync.eval('__import__("resource").getrlimit(__import__("resource").RLIMIT_NOFILE)[0]'),
      ).toBe(77)
      const error = await refusal(() => py.sync.eval('bytearray(300 << 20)'))
      expect(error).toMatchObject({ type: 'MemoryError' })
    })

    it('that nobody set are those of this process', async () => {
      await using py = await start(place, {
        workers: 1,
        limits: { memoryMb: null, openFiles: undefined },
      })
      const source = '[__import__("resource").getrlimit(kind)[0] for kind in (2, 7)]'
      await using other = await start(place, { workers: 1 })
      expect(await py.eval(source)).toEqual(await other.eval(source))
    })
  })

  describe('recycling', () => {
    const pid = '__import__("os").getpid()'

    it('after a number of calls loses no call of many callers, and runs none twice', async () => {
      await using py = await start(place, { workers: 3, recycle: { calls: 50 } })
      const seen = new Set<number>()
      const caller = async (number: number) => {
        for (let i = 0; i < 60; i++) {
          expect(await py.run(`${CALLS}:identity`, [`${number} ${i}`])).toBe(`${number} ${i}`)
          if (i % 10 === 0) seen.add(((await py.run<[number]>(`${CALLS}:where`)) as [number])[0])
        }
      }
      await Promise.all(Array.from({ length: 20 }, (_, number) => caller(number)))
      const { recycled, replaced, calls } = py.stats()
      expect({ replaced, calls }).toEqual({ replaced: 0, calls: 20 * 66 })
      expect(recycled).toBeGreaterThan(8)
      expect(recycled).toBeLessThanOrEqual(Math.ceil((20 * 66) / 50))
      expect(seen.size).toBeGreaterThan(3)
      await healthy(py, 3)
    })

    it('after a number of calls gives the new worker what exec defined', async () => {
      await using py = await start(place, { workers: 1, recycle: { calls: 3 } })
      await py.exec('defined = "yes"')
      const pids = new Set<number>()
      for (let i = 0; i < 12; i++) {
        const [defined, at] = (await py.eval(`(defined, ${pid})`)) as [string, number]
        expect(defined).toBe('yes')
        pids.add(at)
      }
      expect(pids.size).toBeGreaterThanOrEqual(3)
    })

    it('after a time under load loses no call', async () => {
      await using py = await start(place, { workers: 2, recycle: { ageMs: 600 } })
      const end = performance.now() + 3_500
      let calls = 0
      const caller = async () => {
        for (; performance.now() < end; calls++)
          expect(await py.run(`${CALLS}:identity`, [calls])).toEqual(expect.any(Number))
      }
      await Promise.all(Array.from({ length: 20 }, caller))
      expect(py.stats()).toMatchObject({ replaced: 0, calls })
      expect(py.stats().recycled).toBeGreaterThanOrEqual(3)
      await healthy(py, 2)
    })

    it('after a time happens to idle workers too', async () => {
      await using py = await start(place, { workers: 1, recycle: { ageMs: 300 } })
      const [{ pid: first } = {}] = py.stats().workers
      await expect.poll(() => py.stats().recycled, { timeout: SOON_MS }).toBeGreaterThan(0)
      await expect.poll(() => py.stats().workers[0]?.state, { timeout: SOON_MS }).toBe('idle')
      expect(py.stats().workers[0]?.pid).not.toBe(first)
    })

    it('by memory happens when a worker has grown, and only then', async () => {
      await using py = await start(place, { workers: 2, recycle: { memoryMb: 150 } })
      const before = py.stats().workers.map((worker) => worker.pid)
      await sleep(1_200)
      expect(py.stats().workers.map((worker) => worker.pid)).toEqual(before)
      await py.run('builtins:exec', ['import builtins; builtins.hoard = b"x" * (200 << 20)'], {
        worker: 1,
      })
      await expect.poll(() => py.stats().recycled, { timeout: SOON_MS }).toBe(1)
      await healthy(py, 2)
      expect(py.stats().workers[0]?.pid).toBe(before[0])
      expect(py.stats().workers[1]?.pid).not.toBe(before[1])
      expect(py.stats().replaced).toBe(0)
    })

    it('never happens while an object of the worker is held, and does when it is given back', async () => {
      await using py = await start(place, { workers: 1, recycle: { calls: 5, ageMs: 500 } })
      const recycled: unknown[] = []
      py.on('workerRecycle', (event) => recycled.push(event))
      const count = await py.run<RemoteObject>('itertools:count')
      for (let i = 0; i < 40; i++) {
        expect(await py.run('builtins:next', [count])).toBe(i)
        if (i === 20) await sleep(1_200)
      }
      expect(py.stats().recycled).toBe(0)
      count.$dispose()
      await py.eval('1')
      await expect.poll(() => py.stats().recycled, { timeout: SOON_MS }).toBeGreaterThan(0)
      await healthy(py, 1)
    })

    it('is reported once for each worker, also when an object keeps it', async () => {
      await using py = await start(place, { workers: 1, recycle: { calls: 5 } })
      const told: number[] = []
      py.on('workerRecycle', ({ worker }) => told.push(worker))
      const count = await py.run<RemoteObject>('itertools:count')
      for (let i = 0; i < 30; i++) await py.run('builtins:next', [count])
      expect(told).toEqual([0])
    })

    it('never happens while a session has the worker, and does when it ends', async () => {
      await using py = await start(place, { workers: 2, recycle: { calls: 5, ageMs: 500 } })
      const session = await py.session()
      await session.exec('total = 0')
      for (let i = 0; i < 30; i++) {
        await session.exec('total += 1')
        await py.eval('1')
        if (i === 20) await sleep(1_200)
      }
      expect(await session.eval('total')).toBe(30)
      const before = py.stats().recycled
      await session.close()
      await py.eval('1')
      await expect.poll(() => py.stats().recycled, { timeout: SOON_MS }).toBeGreaterThan(before)
      await healthy(py, 2)
    })

    it('waits for coroutines, also when others come without end', async () => {
      await using py = await start(place, { workers: 1, recycle: { calls: 5 } })
      const sleeping = Array.from({ length: 10 }, (_, i) => py.run('asyncio:sleep', [0.5, i]))
      for (let i = 0; i < 20; i++) await py.eval('1')
      expect(await Promise.all(sleeping)).toEqual(Array.from({ length: 10 }, (_, i) => i))
      await py.eval('1')
      await expect.poll(() => py.stats().recycled, { timeout: SOON_MS }).toBeGreaterThan(0)
      await healthy(py, 1)
    })

    it('does not lose what callbacks and generators are in the middle of', async () => {
      await using py = await start(place, { workers: 2, recycle: { calls: 3 } })
      const caller = async (number: number) => {
        for (let i = 0; i < 5; i++) {
          expect(
            await py.eval`(lambda f: f(${number}) + 1)(${async (x: number) => Number(await py.eval`${x} * 2`)})`,
          ).toBe(number * 2 + 1)
          let sum = 0
          for await (const item of await py.eval<RemoteObject>('(i for i in range(5))'))
            sum += Number(item)
          expect(sum).toBe(10)
        }
      }
      await Promise.all(Array.from({ length: 8 }, (_, number) => caller(number)))
      expect(py.stats().replaced).toBe(0)
      await healthy(py, 2)
    })

    it('is over when the pool is closed: no process is left', async () => {
      const py = await start(place, { workers: 1, recycle: { calls: 2 } })
      await py.exec('import atexit, time; atexit.register(time.sleep, 0.7)')
      const pids = new Set<number>()
      py.on('workerStart', ({ pid: at }) => at !== undefined && pids.add(at))
      pids.add(pidOf(py, 0))
      for (let i = 0; i < 3; i++) await py.eval('1')
      await py.close()
      expect([...pids].filter(isAlive)).toEqual([])
    })
  })

  describe('the environment of a worker', () => {
    afterEach(() => {
      delete process.env[OURS]
    })
    const variables = async (env: PythonOptions['env']) => {
      await using py = await start(place, { workers: 1, ...(env === undefined ? {} : { env }) })
      const all = await py.eval<Record<string, string>>('dict(__import__("os").environ)')
      expect(py.sync.eval('dict(__import__("os").environ)')).toEqual(all)
      return all
    }

    it('is that of this process, as it is when a worker starts', async () => {
      process.env[OURS] = 'é here'
      expect((await variables(undefined))[OURS]).toBe('é here')
      expect(await variables('inherit')).toMatchObject({
        [OURS]: 'é here',
        PATH: process.env['PATH'],
      })
    })

    it('can be the minimal one, without what may be secret', async () => {
      process.env[OURS] = 'secret'
      const all = await variables('minimal')
      expect(all).not.toHaveProperty(OURS)
      expect(all['PATH']).toBe(process.env['PATH'])
      const allowed =
        /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_.*|TZ|TERM|TMPDIR|TMP|TEMP|VIRTUAL_ENV|CONDA_PREFIX|PYTHON.*|LD_LIBRARY_PATH|DYLD_.*|[A-Z]+_NUM_THREADS|VECLIB_MAXIMUM_THREADS)$/
      expect(Object.keys(all).filter((name) => !allowed.test(name))).toEqual([])
    })

    it('can be given exactly', async () => {
      const all = await variables({ ONLY: 'this', EMPTY: '' })
      // Python sets the first one itself where there is no locale
      const python = ['LC_CTYPE', '__CF_USER_TEXT_ENCODING']
      expect(
        Object.fromEntries(Object.entries(all).filter(([name]) => !python.includes(name))),
      ).toEqual({
        ONLY: 'this',
        EMPTY: '',
      })
      expect(Object.keys(await variables({})).filter((name) => !python.includes(name))).toEqual([])
    })

    it('is as it was given, whatever becomes of the object, in replacements too', async () => {
      const env: Record<string, string> = { [OURS]: 'then' }
      await using py = await start(place, { workers: 1, env })
      env[OURS] = 'now'
      await refusal(() => py.run('os:_exit', [1]))
      expect(await py.eval(`__import__("os").environ[${JSON.stringify(OURS)}]`)).toBe('then')
    })
  })

  describe('the threads of libraries in a worker', () => {
    const NAMES = ['OMP', 'OPENBLAS', 'MKL', 'NUMEXPR', 'NUMBA'].map(
      (name) => `${name}_NUM_THREADS`,
    )
    const ALL = [...NAMES, 'VECLIB_MAXIMUM_THREADS'].sort()
    const environ = `{k: v for k, v in __import__('os').environ.items() if k in ${JSON.stringify(ALL)}}`
    const saved = { ...process.env }
    beforeEach(() => {
      for (const name of ALL) delete process.env[name]
    })
    afterEach(() => {
      for (const name of ALL) delete process.env[name]
      Object.assign(process.env, saved)
    })
    const threads = async (options: PythonOptions = {}) => {
      await using py = await start(place, { workers: 1, ...options })
      const all = await py.eval<Record<string, string>>(environ)
      expect(py.sync.eval(environ)).toEqual(all)
      return all
    }
    const each = (value: number) => Object.fromEntries(ALL.map((name) => [name, String(value)]))

    it('are the cores of the machine, shared out among the workers', async () => {
      const cores = availableParallelism()
      expect(await threads()).toEqual(each(cores))
      expect(await threads({ workers: { min: 1, max: 2 * cores } })).toEqual(each(1))
      expect(await threads({ env: 'minimal', threadsPerWorker: 'auto' })).toEqual(each(cores))
    })

    it('can be set by the option', async () => {
      expect(await threads({ threadsPerWorker: 3 })).toEqual(each(3))
      expect(await threads({ threadsPerWorker: 3, env: { ONLY: 'this' } })).toEqual(each(3))
    })

    it('are what the environment says, for the libraries that follow OpenMP too', async () => {
      process.env['MKL_NUM_THREADS'] = '7'
      expect(await threads({ threadsPerWorker: 3 })).toEqual({ ...each(3), MKL_NUM_THREADS: '7' })
      process.env['OMP_NUM_THREADS'] = '5'
      const others = { VECLIB_MAXIMUM_THREADS: '3', NUMBA_NUM_THREADS: '3' }
      expect(await threads({ threadsPerWorker: 3 })).toEqual({
        ...others,
        OMP_NUM_THREADS: '5',
        MKL_NUM_THREADS: '7',
      })
      expect(await threads({ env: { ONLY: 'this' } })).toEqual({})
    })
  })

  describe('the current folder of a worker', () => {
    it('is that of this process, or the one that was asked for', async () => {
      const getcwd = (py: Python) => [py.run('os:getcwd'), py.sync.run('os:getcwd')]
      await using here = await start(place, { workers: 1 })
      expect(await Promise.all(getcwd(here))).toEqual(Array(2).fill(realpathSync(process.cwd())))
      await using there = await start(place, { workers: 1, cwd: tmpdir() })
      expect(await Promise.all(getcwd(there))).toEqual(Array(2).fill(realpathSync(tmpdir())))
      expect(await there.run(`./${CALLS.slice(process.cwd().length + 1)}:identity`, [1])).toBe(1)
    })

    it('is refused when it does not exist', async () => {
      const error = await refusal(() =>
        start(place, { workers: 1, cwd: '/there/is/no/such/folder' }),
      )
      expect(error.code).toBe('ERR_PYTHREADS_OPTION')
    })
  })

  describe('the descriptors of a worker', () => {
    it('are its channel and what Python opened, none of this process', async () => {
      await using first = await start(place, { workers: 2, output: () => {} })
      first.sync.eval('1')
      await using py = await start(place, { workers: 2 })
      // What this process was itself given by whoever started it, any child of it has.
      const list =
        'import os; print(*(fd for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}")))'
      const plain = execFileSync(place.python, ['-c', list], { encoding: 'utf8' }).trim().split(' ')
      const asynchronous = (await py.run(`${DYING}:descriptors`, [], { worker: 1 })) as Record<
        string,
        string
      >
      const sync = py.sync.run(`${DYING}:descriptors`) as Record<string, string>
      for (const links of [asynchronous, sync]) {
        expect(links['0']).toBe('/dev/null')
        for (const fd of ['3', '4']) expect(links[fd]).toMatch(/^socket:/)
        const own = Object.keys(links).filter((fd) => Number(fd) > 4 && !plain.includes(fd))
        // the status page, once more for its mapping, and memory to lend from
        for (const fd of own) expect(links[fd]).toMatch(/ \(deleted\)$/)
        expect(own).toHaveLength(links === sync ? 1 : 3)
      }
    })

    it('are not inherited by the programs that it starts', async () => {
      await using py = await start(place, { workers: 1 })
      const source = '__import__("os").popen("ls /proc/self/fd").read().split()'
      expect((await py.eval<string[]>(source)).map(Number).filter((fd) => fd > 3)).toEqual([])
    })

    it('are given back by this process with the worker, whether it was closed or killed', async () => {
      const open = () => readdirSync('/proc/self/fd').length
      await (await start(place)).close()
      const before = open()
      for (let i = 0; i < 3; i++) {
        await using py = await start(place, { workers: 2, output: () => {} })
        await refusal(() => py.run('os:_exit', [1]))
        await healthy(py, 2)
      }
      await expect.poll(open).toBeLessThanOrEqual(before)
    })
  })
}

/** What is for processes only cannot be had in another isolation. */
export function processOnlySuite(place: Placement): void {
  describe('an option for processes', () => {
    const options: PythonOptions[] = [
      { limits: { memoryMb: 100 } },
      { recycle: { calls: 5 } },
      { cwd: '/' },
      { env: 'minimal' },
      { env: {} },
      { threadsPerWorker: 1 },
    ]

    it.each(options)('is refused here: %o', async (option) => {
      expect(await refusal(() => start(place, option))).toMatchObject({
        code: 'ERR_PYTHREADS_OPTION',
      })
    })

    it.each(options)("lets 'auto' choose a process, and say why: %o", async (option) => {
      await using py = await Python.start({ python: place.python, workers: 1, ...option })
      expect(py.stats()).toMatchObject({
        isolation: 'process',
        reasons: [expect.stringContaining(`\`${Object.keys(option)[0]}\``)],
      })
      expect(await py.eval('1')).toBe(1)
    })
  })
}

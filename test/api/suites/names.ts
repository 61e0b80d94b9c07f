import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { deferred } from '../../support/deferred.ts'
import { refusal } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'
import { SOON_MS } from '../../support/workers.ts'

const APPLY = `${file('functions.py').pathname}:apply`
const SLEEP = `${file('calls.py').pathname}:sleep`
const isLinux = process.platform === 'linux'

/** What pools and workers are called, and what is known of each worker. */
export function nameSuite(place: Placement): void {
  describe('the name of a pool', () => {
    it('is the one that it was given, or a number of its own', async () => {
      await using named = await start(place, { workers: 1, name: 'images' })
      await using first = await start(place, { workers: 1 })
      await using second = await start(place, { workers: 1 })
      expect([named.name, named.stats().name]).toEqual(['images', 'images'])
      expect(first.name).toMatch(/^pool-\d+$/)
      expect(second.name).toMatch(/^pool-\d+$/)
      expect(first.name).not.toBe(second.name)
    })

    it.each([[''], [5], ['a\nb'], ['x'.repeat(65)], ['\0']])(
      'is refused where nothing could show it: %j',
      async (name) => {
        expect((await refusal(() => start(place, { name: name as string }))).code).toBe(
          'ERR_PYTHREADS_OPTION',
        )
      },
    )

    it.runIf(isLinux)('is in the names of threads, with the number of the worker', async () => {
      await using py = await start(place, { workers: 2, name: 'a name that is long' })
      await Promise.all([0, 1].map((worker) => py.run('asyncio:sleep', [0], { worker })))
      const pids = new Set(py.stats().workers.map(({ pid }) => pid))
      const names = [...pids].flatMap((pid) =>
        readdirSync(`/proc/${pid}/task`).map((thread) =>
          readFileSync(`/proc/${pid}/task/${thread}/comm`, 'latin1').trim(),
        ),
      )
      for (const name of [
        'py-a name tha-0',
        'py-a name tha-1',
        'py-a name t-0/s',
        'py-a name t-1/l',
      ])
        expect(names).toContain(name)
      if (place.isolation === 'thread') {
        const own: string[] = await py.eval(
          '[thread.name for thread in __import__("threading").enumerate()]',
        )
        expect(own).toEqual(
          expect.arrayContaining([
            'pythreads-a name that is long-0',
            'pythreads-a name that is long-1-loop',
          ]),
        )
      }
    })

    it.runIf(isLinux && place.isolation === 'process')(
      'is in the titles of processes, with the number of the worker',
      async () => {
        await using py = await start(place, { workers: 2, name: 'zeilen é' })
        const title = (pid: number | undefined) =>
          readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0+$/, '')
        for (const { pid, worker } of py.stats().workers) {
          expect(title(pid)).toMatch(
            new RegExp(`^pythreads: worker ${worker} of zeilen é \\(.*python.*\\)$`),
          )
        }
        expect(title(py.sync.eval<number>('__import__("os").getpid()'))).toMatch(
          /^pythreads: sync calls of zeilen é \(/,
        )
        const [first] = py.stats().workers
        await refusal(() => py.run('os:_exit', [3], { worker: 0 }))
        await expect.poll(() => py.stats().workers[0]?.state, { timeout: SOON_MS }).toBe('idle')
        const [second] = py.stats().workers
        expect(second?.pid).not.toBe(first?.pid)
        expect(title(second?.pid)).toContain('worker 0 of zeilen é')
        // What Python itself knows of its command line is as it was.
        expect(
          await py.eval(
            '__import__("subprocess").run([__import__("sys").executable, "-c", "print(1)"], capture_output=True).stdout',
          ),
        ).toEqual(new Uint8Array([49, 10]))
      },
    )
  })

  describe('statistics of each worker', () => {
    it('have its age, its utilisation, and the memory of its process', async () => {
      await using py = await start(place, { workers: 2 })
      const [fresh] = py.stats().workers
      expect(fresh?.utilisation).toBe(0)
      const begun = deferred()
      const release = deferred()
      const waits = () => {
        begun.resolve()
        return release.promise
      }
      const call = py.run(APPLY, [waits], { worker: 0 })
      await begun.promise
      await expect
        .poll(() => py.stats().workers[0]?.utilisation, { timeout: SOON_MS })
        .toBeGreaterThan(0)
      const [busy, idle] = py.stats().workers
      expect(busy?.ageMs).toBeGreaterThan(fresh?.ageMs ?? Number.POSITIVE_INFINITY)
      expect(busy?.utilisation).toBeLessThanOrEqual(1)
      expect(idle?.utilisation).toBe(0)
      release.resolve()
      await call
      await py.run(SLEEP, [0.05], { worker: 1 })
      const [, slept] = py.stats().workers
      expect(slept?.utilisation).toBeGreaterThan(0)
      expect((slept?.utilisation ?? 2) * (slept?.ageMs ?? 0)).toBeGreaterThan(40)
      for (const { memoryMb } of py.stats().workers) {
        if (place.isolation === 'process') expect(memoryMb).toBeGreaterThan(1)
        else expect(memoryMb).toBe(null)
      }
    })

    it('are empty for a worker that is not there', async () => {
      await using py = await start(place, { workers: { min: 1, max: 2 } })
      expect(py.stats().workers[1]).toMatchObject({
        state: 'stopped',
        ageMs: 0,
        utilisation: 0,
        memoryMb: null,
      })
    })
  })
}

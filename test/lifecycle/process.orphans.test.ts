/**
 * A Python process never outlives its host, however that ends and whatever Python is doing: busy in
 * C code that keeps the GIL, stopped, or not even started. What `process.exit.test.ts` has of this
 * is not repeated here.
 *
 * Each test is a host process of its own (test/fixtures/exit*.ts). `alive`: Python processes that
 * outlived it by 1 s.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type Child, startFixture } from '../support/child.ts'
import { endingOf } from '../support/ending.ts'
import { Places } from '../support/places.ts'
import { placements } from '../support/pythons.ts'

const WITHIN_MS = 60_000
const SIGNALS = ['SIGABRT', 'SIGSEGV', 'SIGQUIT', 'SIGHUP'] as const

describe.each(placements.filter((place) => place.isolation === 'process'))(
  'Python ends with its host, $name',
  ({ python }) => {
    const begin = async (doing: string, end: string): Promise<Child> => {
      const host = startFixture('exit', [
        JSON.stringify({ isolation: 'process', python, doing, end }),
      ])
      await host.printed(`Python is ${doing}`)
      await sleep(50)
      return host
    }

    it.concurrent.each(
      SIGNALS.flatMap((end) => ['in C code', 'asleep'].map((doing) => ({ end, doing }))),
    )('by $end while Python is $doing', async ({ end, doing }) => {
      const host = await begin(doing, end)
      host.kill(end)
      const { signal, alive, workers } = await endingOf(host, WITHIN_MS)
      expect({ signal, alive }).toEqual({ signal: end, alive: [] })
      expect(workers).toHaveLength(3)
    })

    it('by an error that nobody catches while Python is in C code', async () => {
      const host = await begin('in C code', 'uncaught error')
      host.kill('SIGUSR2')
      expect(await endingOf(host, WITHIN_MS)).toMatchObject({ code: 1, alive: [] })
    })

    it('by SIGKILL while the workers are stopped', async () => {
      const host = await begin('busy', 'SIGKILL')
      const pids = (/workers: (.*)\./.exec(host.output())?.[1] ?? '').split(' ').map(Number)
      expect(pids).toHaveLength(3)
      for (const pid of pids) process.kill(pid, 'SIGSTOP')
      host.kill('SIGKILL')
      expect(await endingOf(host, WITHIN_MS)).toMatchObject({ signal: 'SIGKILL', alive: [] })
    })

    it.each(['SIGKILL', 'SIGTERM', 'SIGUSR2'] as const)(
      'by %s while a worker starts',
      async (end) => {
        using places = new Places()
        const module = places.file(
          'slow.py',
          'import os\nprint(f"workers: {os.getpid()}.", flush=True)\nsum(range(10**13))\n',
        )
        const host = startFixture('exit-starting', [JSON.stringify({ python, module })])
        await host.printed('workers: ')
        host.kill(end)
        const { alive, workers, code, signal } = await endingOf(host, WITHIN_MS)
        expect({ alive, workers: workers.length }).toEqual({ alive: [], workers: 1 })
        expect({ code, signal }).toEqual(
          end === 'SIGUSR2' ? { code: 7, signal: null } : { code: null, signal: end },
        )
      },
    )
  },
)

describe.each(placements.filter((place) => place.isolation === 'process'))(
  'a host whose worker dies, $name',
  ({ python }) => {
    it('goes on, also when it waits for coroutines alone', { timeout: 300_000 }, async () => {
      const { code, stdout, stderr } = await endingOf(
        startFixture('exit-coroutines', [JSON.stringify({ python })]),
        60_000,
      )
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(JSON.parse(stdout)).toEqual(Array(20).fill('ERR_PYTHREADS_WORKER_DIED'))
    })
  },
)

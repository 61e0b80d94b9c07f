/**
 * Threads of worker_threads use Python without a native call of their own, as koffi aborts the
 * process when a thread is terminated in the middle of one (design/latch.md). Each test is a
 * process of its own.
 */
import { join } from 'node:path'
import { afterAll, describe, expect, it as test } from 'vitest'
import type { Arguments as First } from '../fixtures/worker-threads-first.ts'
import type { Moment, Arguments as Terminated } from '../fixtures/worker-threads-terminated.ts'
import { runFixture } from '../support/child.ts'
import { Places } from '../support/places.ts'
import { eachHost, placements } from '../support/pythons.ts'
import { partOfEach, scaled } from '../support/scale.ts'

/** 200 threads one after the other, on a busy machine. */
const TIMEOUT_MS = 600_000
const places = new Places()
afterAll(() => places[Symbol.dispose]())

async function report(
  fixture: string,
  args: object,
  env: NodeJS.ProcessEnv = {},
): Promise<Record<string, unknown>> {
  const { code, signal, stdout, stderr } = await runFixture(fixture, [JSON.stringify(args)], env)
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '')
}

/** What each thread of the fixtures gets in answers. */
const ASKED = 200
const LENGTHS = 7

describe.runIf(process.platform === 'linux').each(placements)(
  'threads, $name',
  ({ name, isolation, python, turn }) => {
    partOfEach(turn, Math.min(placements.length, 3))
    const it = eachHost({ name })
    const options = { isolation, python, workers: 1 }

    /**
     * From the moment on; `exit` is a thread that ends by `process.exit` and is terminated as well.
     */
    const moments: [string, Moment[], number][] = [
      ['start Python', ['start'], 80],
      ['make their first sync call', ['sync'], 40],
      ['send and receive large arrays', ['send', 'receive'], 40],
      ['end', ['exit'], 10],
    ]

    it.each(moments)(
      'are terminated while they %s',
      { timeout: TIMEOUT_MS },
      async (_what, kinds, withinMs) => {
        const args: Terminated = { options, moments: kinds, threads: scaled(10, 200), withinMs }
        const { right, wrong, loaded, isMapped, kept } = await report(
          'worker-threads-terminated',
          args,
        )
        expect({ right, wrong, loaded, kept }).toEqual({
          right: 2 * ASKED + LENGTHS,
          wrong: [],
          loaded: [],
          kept: 0,
        })
        // the main thread has koffi, once it has initialised Python
        expect(isMapped).toBe(isolation !== 'process')
      },
    )

    it.each([
      'is free',
      'computes',
      'waits for it',
      'is in native code',
      'cannot be reached',
    ] as const)('start the first Python while the main thread %s', async (main) => {
      const file = join(places.folder(join(name, main)), 'done')
      const { right, wrong, loaded } = await report('worker-threads-first', {
        options,
        main,
        file,
      } satisfies First)
      expect({ right, wrong }).toEqual({ right: ASKED, wrong: [] })
      expect(loaded).toBe(
        isolation !== 'process' && (main === 'is in native code' || main === 'cannot be reached'),
      )
    })
  },
)

describe
  .runIf(process.platform === 'linux')
  .each(placements.filter(({ isolation }) => isolation !== 'process'))(
  'a thread that has the main thread start Python, $name',
  ({ name, isolation, python }) => {
    test('gets the error of the main thread', async () => {
      const module = places.file(join(name, 'shadow', 'threading.py'), 'raise ValueError("mine")\n')
      const folder = join(module, '..')
      const args: First = {
        options: { isolation, python, workers: 1 },
        main: 'is free',
        file: join(folder, 'done'),
      }
      const env = { PYTHONPATH: folder, PYTHREADS_CACHE: 'off' }
      const { code, message, loaded } = await report('worker-threads-first', args, env)
      expect({ code, loaded }).toEqual({ code: 'ERR_PYTHREADS_RUNTIME', loaded: false })
      expect(message).toContain(module)
    })
  },
)

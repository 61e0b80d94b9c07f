/**
 * The result of a coroutine goes over the side channel, and may come before the main one says that
 * the call is a coroutine: also when its start held the worker's thread for so long that a frame of
 * its own says how long (on a busy machine).
 */
import { expect, it } from 'vitest'
import { frame, KIND } from '../../src/wire/index.ts'
import { settle } from '../support/controlled.ts'
import { FakePool } from '../support/fake-python.ts'
import { encoded } from '../support/marshal.ts'

it.each([
  ['after a short start', []],
  ['after a start that a frame of its own tells', [frame(KIND.THREAD_TIME, encoded(70_000), 1)]],
])(
  'a worker goes on when the result of a coroutine comes before it is known to be one, %s',
  async (_, before) => {
    await using fake = await new FakePool({
      size: { min: 1, max: 1, idleMs: 1_000 },
      onLine: () => {},
    }).start()
    const first = await fake.call()
    const python = fake.python(0)
    expect(python.running).toBe(1)
    python.side.push(frame(KIND.RESULT, encoded(null), 1))
    await settle()
    for (const told of before) python.socket.push(told)
    await python.pend()
    await settle()
    const next = await fake.call()
    await python.finish()
    expect([first.outcome, next.outcome, python.lives]).toEqual(['done', 'done', true])
  },
)

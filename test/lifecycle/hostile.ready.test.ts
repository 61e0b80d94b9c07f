/**
 * READY is what a worker says of itself: a module of `preload` can send it before the kernel does.
 * The number of the process, and all that goes by it, is the system's.
 */
import { describe, expect, it } from 'vitest'
import { file, placement, start } from '../support/placement.ts'

const PROTOCOL = { code: 'ERR_PYTHREADS_PROTOCOL' }
const forging = (ready: string) =>
  start(placement('process'), {
    ...{ workers: 1, path: [file('.').pathname], preload: ['hostile_memory', 'hostile_ready'] },
    env: { ...(process.env as Record<string, string>), HOSTILE_READY: ready },
  })

it('the process of a worker is the one that was started, whatever READY says', async () => {
  const py = await forging('{"pid": os.getppid(), "thread": 1}')
  const [worker] = py.stats().workers
  expect(worker?.pid).not.toBe(process.pid)
  expect(worker?.memoryMb).toBeGreaterThan(1)
  expect(await py.eval('pid')).toBe(worker?.pid)
  py.destroy()
})

it.each([
  ...[
    '{"memory": os.open("/proc/self/mem", os.O_RDWR)}',
    '{"memory": 0}',
    '{"pid": os.getppid(), "memory": 0}',
    '{"memory": True}',
  ],
  ...[
    '{"pid": 1, "memory": 1 << 31}',
    '{"memory": "../../1/fd/0"}',
    '{"memory": b"3"}',
    '{"memory": {}}',
    '{"memory": 1e300}',
  ],
])('a worker is not started that says READY with %s', async (ready) => {
  await expect(forging(ready)).rejects.toMatchObject(PROTOCOL)
})

it.each([
  ...[
    '{"thread": 1.5}',
    '{"thread": "../../1"}',
    '{"thread": -1}',
    '{"thread": 1e300, "gil": 5, "gil_culprit": 7}',
    '{"borrows": 1}',
  ],
  ...[
    '{"version": None, "executable": [], "prefix": 2**70}',
    '{"pid": {}, "refuses": [1]}',
    '{"sync_entry": 1, "memory": None}',
    '{}',
  ],
])('facts of a wrong type do no harm: %s', async (ready) => {
  const py = await forging(ready)
  expect(await py.eval('1')).toBe('forged')
  expect(py.stats().workers[0]?.state).toBe('idle')
  py.destroy()
})

describe.each([false, true])('a second READY, sync calls: %s', (isSync) => {
  it('ends the worker', async () => {
    await using py = await start(placement('process'), {
      workers: 1,
      path: [file('.').pathname],
      preload: ['hostile_memory'],
    })
    const again = async () => {
      const args = [{ pid: process.pid, memory: 3 }]
      return isSync
        ? py.sync.run('hostile_memory:ready_again', args)
        : await py.run('hostile_memory:ready_again', args)
    }
    await expect(again()).rejects.toMatchObject(PROTOCOL)
    expect(isSync ? py.sync.eval('1') : await py.eval('1')).toBe(1)
  })
})

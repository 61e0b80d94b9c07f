/**
 * What this process lends is a file that each worker process can write to, the places where Python
 * notes the ends of loans among it. A hostile worker process ends no loan of a worker in this
 * process that way, and gets the memory of no other worker by FETCH.
 */
import { expect, it } from 'vitest'
import { Python, type PythonOptions } from '../../src/index.ts'
import { file, placement, start } from '../support/placement.ts'

const hostile = (options: PythonOptions = {}) =>
  start(placement('process'), {
    workers: 1,
    path: [file('.').pathname],
    preload: ['hostile_memory'],
    ...options,
  })
const BYTES = 100_000

/** A pool in this process whose Python keeps an array of ours. */
async function keeping(array: Uint8Array): Promise<Python> {
  const { isolation, python } = placement('thread')
  const py = await Python.start({ isolation, python, workers: 1 })
  await py.module(
    'kept = []\ndef keep(array): kept.append(array)\ndef total(): return sum(kept[0])',
    'keeping',
  )
  await py.run('keeping:keep', [array])
  return py
}

it('a worker process that says all loans are over ends none of those in this process', async () => {
  await using thread = await keeping(new Uint8Array(BYTES).fill(1))
  await using py = await hostile()
  const { lent } = thread.stats().memory
  expect(await py.eval`len(${new Uint8Array(BYTES)})`).toBe(BYTES) // now it has the file
  expect(await py.run('hostile_memory:end_all_loans')).toBeGreaterThan(0)
  await expect.poll(() => thread.stats().memory.lent).toBe(lent)
  expect(await thread.run('keeping:total')).toBe(BYTES)
})

it.each(['address', 'file'])(
  'a worker process that asks for memory that another one was lent is ended: by %s',
  async (sight) => {
    const array = new Uint8Array(BYTES).fill(1)
    await using owner =
      sight === 'address' ? await keeping(array) : await start(placement('process'), { workers: 1 })
    if (sight === 'file') {
      await owner.exec('kept = []')
      await owner.eval`kept.append(${array})`
    }
    const { lent } = owner.stats().memory
    await using py = await hostile()
    await py.eval`len(${new Uint8Array(BYTES)})` // its side channel is read from now on
    await expect(py.run('hostile_memory:fetch', [[0]])).rejects.toMatchObject({
      code: 'ERR_PYTHREADS_PROTOCOL',
    })
    expect(await py.eval('1')).toBe(1)
    await expect.poll(() => owner.stats().memory.lent).toBe(lent)
    expect(
      await owner.eval(sight === 'file' ? 'sum(kept[0])' : '__import__("keeping").total()'),
    ).toBe(BYTES)
  },
)

it('a worker process that asks twice for the memory of a loan is ended', async () => {
  await using py = await hostile()
  const twice = py.run('hostile_memory:fetch_own_twice', [new Uint8Array(BYTES)])
  await expect(twice).rejects.toMatchObject({ code: 'ERR_PYTHREADS_PROTOCOL' })
})

it('memory of a call that runs is not lent again when another worker process says that the loan is over', async () => {
  await using py = await hostile({ workers: 2 })
  const { promise: gate, resolve: open } = deferred()
  const { promise: running, resolve: runs } = deferred()
  const wait = () => {
    runs()
    return gate
  }
  await py.module('def total(array, wait):\n    wait()\n    return sum(array)', 'waits')
  const total = py.run('waits:total', [new Uint8Array(BYTES).fill(1), wait], { worker: 0 })
  await running
  expect(await py.run('hostile_memory:end_all_loans', [], { worker: 1 })).toBeGreaterThan(0)
  for (let i = 0; i < 20; i++)
    await py.run('builtins:len', [new Uint8Array(BYTES).fill(2)], { worker: 1 })
  open()
  expect(await total).toBe(BYTES)
})

it('memory that a worker process fills where nothing is lent is given back to the system', async () => {
  await using py = await hostile()
  await py.eval`len(${new Uint8Array(BYTES)})`
  await py.run('hostile_memory:fill_file', [600])
  // something is lent: it is looked at from time to time
  await using _ = await keeping(new Uint8Array(BYTES))
  await expect.poll(() => py.stats().memory.residentMb).toBeLessThan(600)
})

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

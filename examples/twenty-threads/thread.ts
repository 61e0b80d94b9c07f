// One of the twenty threads: a JavaScript thread with a pool of its own.
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { Python } from 'pythreads'
import { Lock } from './lock.ts'
import type { Job, Place, Request, Setup, Tally } from './threads.ts'

interface Dumps {
  dumps(value: { id: number }): string
}

const { id, memory } = workerData as Setup
const lock = new Lock(memory)
let py: Python | undefined

parentPort?.on('message', async (request: Request) => {
  switch (request.do) {
    case 'open':
      py = await open(request.place)
      return parentPort?.postMessage(null)
    case 'run':
      return parentPort?.postMessage(await run(request.job))
    case 'close':
      await py?.close()
      return parentPort?.postMessage(null)
    case 'end':
      return parentPort?.close()
  }
})

/** A pool whose functions have been called once, so that no job waits for a start. */
async function open({ python, isolation }: Place): Promise<Python> {
  const started = await Python.start({ python, isolation, workers: 1 })
  for (const isSlow of [false, true]) dumpsOf(started, isSlow)({ id })
  return started
}

/** A sync call, as a thread of the question waits for its result. */
function dumpsOf({ sync }: Python, isSlow: boolean): Dumps['dumps'] {
  return sync.import<Dumps>(isSlow ? new URL('./slow.py', import.meta.url) : 'json').dumps
}

/** The loop of the question: build a dictionary with this thread's id, dump it, print it, wait. */
async function run({ isLocked, isSlow, rounds, waitMs, isPrinted }: Job): Promise<Tally> {
  if (py === undefined) throw new Error('There is no pool to run this in')
  const dumps = dumpsOf(py, isSlow)
  const tally: Tally = { calls: 0, wrong: 0 }
  while (tally.calls < rounds) {
    if (isLocked) lock.acquire()
    const text = dumps({ id })
    if (isLocked) lock.release()
    tally.calls++
    if (text !== `{"id": ${id}}`) tally.wrong++
    if (isPrinted) console.log(`thread ${id}: ${text}`)
    if (waitMs > 0 && tally.calls < rounds) await sleep(waitMs)
  }
  return tally
}

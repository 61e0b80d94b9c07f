import { pathToFileURL } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
import type { ThreadTask } from './threads.ts'

const { build, options, ms, lock } = workerData as ThreadTask
const { Python } = (await import(pathToFileURL(build).href)) as typeof import('../../dist/index.js')
const py = await Python.start(options)
const locked = lock === null ? null : new Int32Array(lock)
const isHeld = 1
/** Each thread compiles JavaScript for itself. */
const WARM_UP = 3000
if (parentPort === null) throw new Error('to be run as a thread')

let calls = 0
while (calls < WARM_UP) call(calls++)
calls = 0
parentPort.postMessage('ready')
// Not `once` of node:events, for which the port does not keep this thread alive.
await new Promise((resolve) => parentPort?.once('message', resolve))
const start = performance.now()
while (performance.now() - start < ms) {
  if (locked !== null)
    while (Atomics.compareExchange(locked, 0, 0, isHeld) !== 0) Atomics.wait(locked, 0, isHeld)
  call(calls++)
  if (locked !== null) {
    Atomics.store(locked, 0, 0)
    Atomics.notify(locked, 0, 1)
  }
}
parentPort.postMessage(calls / ((performance.now() - start) / 1000))
await py.close()

function call(id: number): void {
  const answer = py.sync.run('work:dumps', [{ id }])
  if (answer !== `{"id": ${id}}`) throw new Error(`a wrong answer for ${id}: ${String(answer)}`)
}

// Calls from several JavaScript threads at once, each waiting for its results: the program
// that the question is about.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/** What a thread is told. */
export interface ThreadTask {
  /** The built pythreads to import. */
  readonly build: string
  readonly options: object
  readonly ms: number
  /** A lock that the threads share and hold around each call; `null`: none. */
  readonly lock: SharedArrayBuffer | null
}

/** Calls a second, of all threads together. */
export async function callFromThreads(
  library: Pick<ThreadTask, 'build' | 'options'>,
  threads: number,
  ms: number,
  locked: boolean,
): Promise<number> {
  const lock = locked ? new SharedArrayBuffer(4) : null
  const program = new URL('./threads-worker.js', import.meta.url)
  const workers = Array.from(
    { length: threads },
    () => new Worker(program, { workerData: { ...library, ms, lock } }),
  )
  const exits = workers.map((worker) => once(worker, 'exit'))
  await Promise.all(workers.map(message)) // all are ready
  const rates = workers.map((worker) => {
    const answer = message(worker)
    worker.postMessage('go')
    return answer as Promise<number>
  })
  const sum = (await Promise.all(rates)).reduce((all, rate) => all + rate, 0)
  await Promise.all(exits)
  return sum
}

/** The next message; one that ends before is an error. */
function message(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number) => reject(new Error(`a thread ended with status ${code}`))
    worker.once('exit', ended)
    worker.once('error', reject)
    worker.once('message', (value) => {
      worker.off('exit', ended)
      worker.off('error', reject)
      resolve(value)
    })
  })
}

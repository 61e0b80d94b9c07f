// An application that bundlers make into one file (test/tooling/package.bundled.test.ts). Prints
// what it sees as JSON, and ends with status 7. Arguments: a Python, the isolation.
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { Python, PythonError, PythreadsError, WorkerDiedError } from 'pythreads'

const [python, isolation] = isMainThread ? process.argv.slice(2) : workerData

async function everything() {
  const py = await Python.start({ python, isolation, workers: 2 })
  const seen = {}
  seen.call = await py.run('json:dumps', [{ b: 1, a: 2 }], { kwargs: { sort_keys: true } })
  const descending = { key: (item) => -item }
  seen.callback = await py.run('builtins:sorted', [[3, 1, 2]], { kwargs: descending })
  const raised = await py.run('json:loads', ['{']).catch((error) => error)
  seen.raised = [raised.code, raised.name, raised.type]
  seen.classes = [PythonError, PythreadsError, WorkerDiedError].map(
    (kind) => raised instanceof kind,
  )
  const floats = Float64Array.of(1.5, 2.5)
  seen.sum = await py.eval`sum(${floats})`
  const array = await py.eval`__import__('array').array('d', [1, 2])`
  seen.array = [array.constructor.name, ...array]
  seen.sync = py.sync.eval`${20} + 22`
  seen.map = []
  for await (const root of py.map('math:sqrt', [4, 9, 16])) seen.map.push(root)
  seen.isolation = py.stats().isolation
  if (isolation === 'process') {
    const died = await py.run('os:_exit', [3]).catch((error) => error)
    seen.died = [died.code, died instanceof WorkerDiedError, died instanceof PythonError]
  }
  await py.close()
  return seen
}

async function inThread() {
  const worker = new Worker(process.argv[1], { workerData: [python, isolation] })
  return new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
}

async function main() {
  try {
    console.log(JSON.stringify({ main: await everything(), thread: await inThread() }))
    process.exitCode = 7
  } catch (error) {
    console.log(error.code, error)
    process.exitCode = 1
  }
}

if (isMainThread) main()
else everything().then((seen) => parentPort.postMessage(seen))

/**
 * The smoke suite: one plain program against the built package, for a Node, a Python or a system
 * that the whole suite does not run on. It prints what failed, and ends with status 1 then.
 *
 *   node smoke.mjs [--python PATH] [--isolation KIND]... [--only CASE]... [--json]
 *
 * Without `--isolation` it tries all three. An isolation that this Python cannot provide is
 * refused, which is no failure; `--isolation KIND` makes it one. Each isolation runs in a process
 * of its own, as a crash in Python would end it.
 */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { ISOLATION_KINDS, kw, Python } from 'pythreads'

const file = fileURLToPath(import.meta.url)
const CALLERS = 20
const CALLS = 25
/** The status of the program that `process.exit` ends. */
const EXIT_STATUS = 7
/** An emulated processor on a busy machine takes a minute. */
const START_MS = 300_000

const CODE = `
import array, sys, time

def label(a, *, suffix=''):
    return f'{a}{suffix}'

def apply(function, values):
    return [function(value) for value in values]

def fail(text):
    raise ValueError(text)

def spin():
    while True:
        pass

def halves(values):
    return array.array('d', [value / 2 for value in memoryview(values)])

def squares(count):
    import numpy
    return numpy.arange(count, dtype='f8') ** 2

def total(values):
    import numpy
    return float(numpy.asarray(values).sum())
`

/** What each case gets: a pool with two workers, and what the pool was opened with. */
const CASES = {
  async 'a result'({ py }) {
    assert.equal(await py.eval`6 * 7`, 42)
    assert.deepEqual(await py.run('builtins:dict', [[['a', [1, 2n ** 70n, 'ä', null]]]]), {
      a: [1, 2n ** 70n, 'ä', null],
    })
  },

  async '20 callers'({ py }) {
    const wrong = []
    const caller = async (own) => {
      for (let i = 0; i < CALLS; i++) {
        const sent = own * CALLS + i
        const got = await py.run('builtins:divmod', [sent, 7])
        if (got[0] * 7 + got[1] !== sent) wrong.push([sent, got])
      }
    }
    await Promise.all(Array.from({ length: CALLERS }, (_, own) => caller(own)))
    assert.deepEqual(wrong, [])
  },

  async 'keyword arguments'({ py, module }) {
    assert.equal(await module.label('a', kw({ suffix: 'b' })), 'ab')
    assert.equal(await py.run('smoke_module:label', [1], { kwargs: { suffix: 2 } }), '12')
  },

  async 'a callback'({ module }) {
    assert.deepEqual(await module.apply(async (n) => n * 2, [1, 2, 3]), [2, 4, 6])
    const mine = new RangeError('of JavaScript')
    const caught = await module
      .apply(() => {
        throw mine
      }, [1])
      .catch((error) => error)
    assert.equal(caught, mine)
  },

  async arrays({ py, module }) {
    const sent = Float64Array.from({ length: 10_000 }, (_, i) => i)
    const got = await module.halves(sent)
    assert.ok(got instanceof Float64Array)
    assert.ok(got.length === sent.length && got.every((half, i) => half === i / 2))
    const large = new Uint8Array(2_000_000).fill(3)
    assert.equal(await py.run('builtins:sum', [large]), 6_000_000)
    const returned = await py.eval`bytes(${large})`
    assert.ok(returned.length === large.length && returned.every((byte) => byte === 3))
  },

  async numpy({ module, isolation }) {
    if (isolation === 'subinterpreter') return 'numpy refuses to load in a subinterpreter'
    const squares = await module.squares(10_000).catch((error) => error)
    if (squares instanceof Error && squares.type === 'ModuleNotFoundError') return 'no numpy'
    assert.ok(squares instanceof Float64Array, String(squares))
    assert.ok(squares.every((square, i) => square === i * i))
    assert.equal(await module.total(squares), 333_283_335_000)
  },

  async 'an exception'({ module }) {
    const error = await module.fail('too small').catch((thrown) => thrown)
    assert.equal(error.code, 'ERR_PYTHREADS_PYTHON')
    assert.equal(error.type, 'ValueError')
    assert.match(error.message, /too small/)
    assert.match(error.traceback, /in fail/)
  },

  async 'a call that is cancelled'({ py }) {
    const signal = AbortSignal.timeout(50)
    const error = await py.run('smoke_module:spin', [], { signal }).catch((thrown) => thrown)
    assert.equal(error.code, 'ERR_PYTHREADS_ABORTED')
    const late = await py.run('smoke_module:spin', [], { timeoutMs: 50 }).catch((thrown) => thrown)
    assert.equal(late.code, 'ERR_PYTHREADS_TIMEOUT')
    assert.equal(await py.eval`1 + 1`, 2)
  },

  async 'sync calls'({ py }) {
    assert.equal(py.sync.run('builtins:pow', [2, 10]), 1024)
    assert.equal(py.sync.eval('20 + 1'), 21)
    assert.throws(() => py.sync.eval('1 / 0'), { type: 'ZeroDivisionError' })
  },

  async worker_threads({ options }) {
    const worker = new Worker(file, { workerData: { smoke: options } })
    // Both at once: a thread that has ended may emit both events in one turn.
    const [[got], [status]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')])
    assert.deepEqual({ ...got, status }, { sum: 190, sync: 3, length: 50_000, status: 0 })
  },

  async map({ py }) {
    const roots = []
    const squares = Array.from({ length: 200 }, (_, i) => i * i)
    for await (const root of py.map('math:isqrt', squares)) roots.push(root)
    assert.deepEqual(roots, [...squares.keys()])
  },

  async 'the end of the program'({ options }) {
    const ends = await Promise.all(
      ['itself', 'exit', 'throw', 'SIGTERM'].map((how) => endOf(how, options)),
    )
    assert.deepEqual(ends, [0, EXIT_STATUS, 1, 'SIGTERM'])
  },
}

/** How a program ends that has a pool and a call that runs: its status, or its signal. */
async function endOf(how, options) {
  const args = [file, '--end', how, '--options', JSON.stringify(options)]
  const child = spawn(process.execPath, [...process.execArgv, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  child.stdout.once('data', () => how === 'SIGTERM' && child.kill('SIGTERM'))
  const [status, signal] = await once(child, 'exit')
  return signal ?? status
}

/** The program of `endOf`. */
async function end(how, options) {
  const py = await Python.start(options)
  const sum = await py.eval`sum(range(10))`
  if (how !== 'itself') py.run('time:sleep', [60]).catch(() => {})
  console.log(sum)
  if (how === 'exit') process.exit(EXIT_STATUS)
  if (how === 'throw') setImmediate(() => thrown())
}

function thrown() {
  throw new Error('not caught')
}

/** The thread of the case `worker_threads`. */
async function inThread(options) {
  const py = await Python.start(options)
  const numbers = await Promise.all(
    Array.from({ length: CALLERS }, (_, i) => py.run('builtins:abs', [-i])),
  )
  const bytes = await py.eval`bytes(${new Uint8Array(50_000)})`
  parentPort.postMessage({
    sum: numbers.reduce((sum, number) => sum + number, 0),
    sync: py.sync.eval('1 + 2'),
    length: bytes.length,
  })
  await py.close()
}

/** Runs all cases in one isolation. */
async function runCases(isolation, { python, only }) {
  const options = {
    isolation,
    workers: 2,
    startTimeoutMs: START_MS,
    ...(python === undefined ? {} : { python }),
  }
  const result = { isolation, python: '', passed: [], failed: [], left: [] }
  let py
  try {
    py = await Python.start(options)
  } catch (error) {
    const isRefused = /^ERR_PYTHREADS_(ISOLATION_UNAVAILABLE|LIBPYTHON_NOT_FOUND)$/
    if (isRefused.test(error.code)) return { ...result, refused: error.message }
    return { ...result, failed: [{ name: 'start', error: String(error.stack) }] }
  }
  result.python = await py.eval`${'{}.{}.{}'}.format(*__import__('sys').version_info)`
  const module = await py.module(CODE, 'smoke_module')
  for (const [name, run] of Object.entries(CASES)) {
    if (!(only ?? [name]).includes(name)) continue
    current = name
    try {
      const left = await run({ py, module, isolation, options })
      if (left === undefined) result.passed.push(name)
      else result.left.push({ name, why: left })
    } catch (error) {
      result.failed.push({ name, error: String(error.stack ?? error) })
    }
  }
  current = 'close'
  await py.close()
  return result
}

/** What this process does now. */
let current = 'start'

/** Prints the result of all cases; what was under way where the process ends before. */
async function printCases(isolation, values) {
  const ended = (status) => {
    const failed = [{ name: current, error: `the process ended with status ${status} in it` }]
    console.log(`\n${JSON.stringify({ isolation, passed: [], left: [], failed })}`)
  }
  process.once('exit', ended)
  const result = await runCases(isolation, values)
  process.off('exit', ended)
  console.log(`\n${JSON.stringify(result)}`)
}

/** Runs one isolation in a process of its own. */
function inProcess(isolation, { python, only = [] }) {
  const args = [file, '--cases', isolation, ...(python === undefined ? [] : ['--python', python])]
  args.push(...only.flatMap((name) => ['--only', name]))
  return new Promise((resolve) => {
    execFile(process.execPath, [...process.execArgv, ...args], (error, stdout, stderr) => {
      try {
        resolve(JSON.parse(stdout.slice(stdout.lastIndexOf('\n{') + 1)))
      } catch {
        const how = `${error?.signal ?? error?.code ?? 'no result'}\n${stderr}${stdout}`
        resolve({ isolation, passed: [], left: [], failed: [{ name: 'the process', error: how }] })
      }
    })
  })
}

function print(results) {
  console.log(`Node ${process.version}, ${process.platform} ${process.arch}`)
  for (const { isolation, python, passed, failed, left, refused } of results) {
    if (refused !== undefined) {
      console.log(`${isolation}: refused: ${refused}`)
      continue
    }
    console.log(`${isolation}, Python ${python}: ${passed.length} passed, ${failed.length} failed`)
    for (const { name, why } of left) console.log(`  left out: ${name} (${why})`)
    for (const { name, error } of failed)
      console.log(`  failed: ${name}\n    ${error.replaceAll('\n', '\n    ')}`)
  }
}

async function main() {
  const { values } = parseArgs({
    options: {
      python: { type: 'string' },
      isolation: { type: 'string', multiple: true },
      only: { type: 'string', multiple: true },
      json: { type: 'boolean', default: false },
      cases: { type: 'string' },
      end: { type: 'string' },
      options: { type: 'string' },
    },
  })
  if (values.end !== undefined) return end(values.end, JSON.parse(values.options))
  if (values.cases !== undefined) return printCases(values.cases, values)
  const results = []
  for (const isolation of values.isolation ?? ISOLATION_KINDS)
    results.push(await inProcess(isolation, values))
  const isBad = ({ failed, refused }) =>
    failed.length > 0 || (refused !== undefined && values.isolation !== undefined)
  if (values.json) console.log(JSON.stringify({ node: process.versions.node, results }))
  else print(results)
  if (results.some(isBad) || results.every(({ refused }) => refused !== undefined))
    process.exitCode = 1
}

if (isMainThread) await main()
else await inThread(workerData.smoke)

import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LibraryHandle } from 'koffi'
import type { PythonFacts } from '../discovery/index.ts'
import { PythreadsError } from '../errors/index.ts'
import { KERNEL_FOLDER } from '../kernel.ts'
import { Encoder } from '../wire/index.ts'
import { ffi } from './ffi.ts'
import {
  bareCalls,
  closeFd,
  Poller,
  pinLibrary,
  processWord,
  SOCK_DGRAM,
  SOCK_STREAM,
  send,
  signalAction,
  socketpair,
} from './posix.ts'

/**
 * The one Python of this process. Rules:
 * 1. It is initialised once, by the JavaScript thread that comes first; the others find it through the latch.
 * 2. Nothing that JavaScript owns is needed afterwards: that thread may end.
 * 3. From rule 1's initialisation until the latch is set, JavaScript only calls native functions, one after the other: a
 *    `terminate()` stops a thread where it enters a function of JavaScript or of the engine, not where a native one
 *    returns. So Python is never left half-way, with the GIL held or a SIGINT handler of its own.
 * 4. It is never finalized.
 *
 * The latch is one number of the process: 0 free, -1 somebody is initialising, -2 that failed, else the descriptor of
 * the control socket, on which the kernel's control thread takes orders.
 */
const FREE = 0
const STARTING = -1
const FAILED = -2

const START_TIMEOUT_MS = 30_000
const POLL_MS = 2
/** How long leaving the process may wait for Python to flush its output, when Python does not give up its GIL. */
const FLUSH_TIMEOUT_MS = 150

export type InProcessKind = 'thread' | 'subinterpreter'

/**
 * Starts a worker in the Python of this process; answers our ends of its channel and its side channel, the caller's to close.
 * `ledger` opens its ledger; the descriptor is given away.
 */
export async function startInProcess(kind: InProcessKind, facts: PythonFacts, ledger: () => number): Promise<[number, number]> {
  return order(await control(facts), kind, ledger())
}

/** As {@link startInProcess}, once a worker was started: without waiting. */
export function startInProcessNow(kind: InProcessKind): [number, number] {
  return order(Atomics.load(processWord(), 0), kind, -1)
}

/** Has the Python of this process look for memory that JavaScript does not use any more, if it is there. */
export function sweepInProcess(): void {
  const control = Atomics.load(processWord(), 0)
  if (control > 0) send(control, message('sweep', -1))
}

function order(control: number, kind: InProcessKind, ledger: number): [number, number] {
  const [ours, theirs] = socketpair(SOCK_STREAM)
  const [ourSide, theirSide] = socketpair(SOCK_STREAM)
  if (send(control, message(kind, theirs, theirSide, ledger))) return [ours, ourSide]
  for (const fd of [ours, theirs, ourSide, theirSide, ledger]) closeFd(fd)
  throw new PythreadsError('ERR_PYTHREADS_WORKER_START', 'The control socket of the in-process Python takes no orders')
}

function message(what: string, fd: number, side: number = -1, ledger: number = -1): Buffer {
  const encoder = new Encoder()
  encoder.tuple(4)
  encoder.value(what, 'what')
  encoder.value(fd, 'fd')
  encoder.value(side, 'side')
  encoder.value(ledger, 'ledger')
  return encoder.buffer.subarray(0, encoder.position)
}

async function control(facts: PythonFacts): Promise<number> {
  const word = processWord()
  const deadline = Date.now() + START_TIMEOUT_MS
  for (;;) {
    const state = Atomics.compareExchange(word, 0, FREE, STARTING)
    if (state > 0) break
    if (state === FREE) {
      initialise(word, facts)
      break // however long that took
    }
    if (state === FAILED) throw new PythreadsError('ERR_PYTHREADS_RUNTIME', `${UNUSABLE}: its initialisation failed`)
    if (Date.now() > deadline) {
      throw new PythreadsError('ERR_PYTHREADS_RUNTIME', `${UNUSABLE}: the thread that was initialising it ended`)
    }
    if (state === STARTING) await sleep(POLL_MS)
  }
  flushAtExit()
  return Atomics.load(word, 0)
}

const UNUSABLE = "The in-process Python cannot be used (isolation 'process' can)"

/** Initialises Python on this thread, some 10 to 20 ms, and leaves the latch set. */
function initialise(word: Int32Array, facts: PythonFacts): void {
  // What fails before Python itself starts may be tried again, with another Python too.
  let outcome = FREE
  try {
    const boot = load(word, facts)
    outcome = FAILED
    boot()
  } catch (error) {
    Atomics.store(word, 0, outcome)
    throw error
  }
}

/** Loads libpython and prepares everything; what it answers initialises Python and sets the latch. */
function load(word: Int32Array, facts: PythonFacts): () => void {
  const path = facts.libpython
  if (path === null) throw new PythreadsError('ERR_PYTHREADS_RUNTIME', 'There is no libpython to load')
  const failure = pinLibrary(path)
  if (failure !== undefined) throw new PythreadsError('ERR_PYTHREADS_RUNTIME', `${path} does not load: ${failure}`)
  const library = ffi().load(path, { global: true })
  const initialisePython = initialiser(library, facts)
  const run = library.func('int PyRun_SimpleString(const char *source)')
  const save = library.func('uintptr_t PyEval_SaveThread()')
  const [ours, theirs] = socketpair(SOCK_DGRAM)
  const source = bootSource(theirs, path)
  const report = Buffer.alloc(4096)
  const { recv, sigaction } = bareCalls()
  const { SIGINT } = constants.signals
  return () => {
    // Python's own SIGINT handler comes with the `signal` module, which `run` imports: Ctrl-C stays what it was.
    const action = signalAction(SIGINT)
    initialisePython() // Rule 3: from where it enters Python to the store
    run(source)
    save()
    sigaction(SIGINT, action, null)
    const length = recv(ours, report, 4096, 0)
    const ready = length === 1 && report[0] === READY
    word[0] = ready ? ours : FAILED // not Atomics.store, which is a function; the engine stores 32 aligned bits at once
    if (ready) return
    throw new PythreadsError('ERR_PYTHREADS_RUNTIME', `The kernel does not start:\n${report.toString('utf8', 0, length)}`)
  }
}

/** The kernel's report when all is well; else it is the text of a traceback. */
const READY = 1

/** What runs in the main interpreter first. It always sends one message: that it is ready, or what went wrong. */
function bootSource(fd: number, libpython: string): string {
  return [
    'def _start():',
    '    import os, sys',
    `    sys.path.append(${JSON.stringify(KERNEL_FOLDER)})`,
    '    try:',
    '        from pythreads_kernel import runtime',
    `        runtime.start(${fd}, ${JSON.stringify(libpython)})`,
    `        os.write(${fd}, bytes([${READY}]))`,
    '    except BaseException:',
    '        import traceback',
    `        os.write(${fd}, traceback.format_exc()[-4000:].encode("utf-8", "replace"))`,
    '_start(); del _start',
  ].join('\n')
}

/** The way to initialise this version: PyInitConfig where there is one, else the program's name and the old call. */
function initialiser(library: LibraryHandle, { version, executable }: PythonFacts): () => void {
  const [major, minor] = version
  if (major > 3 || minor >= 14) {
    const create = library.func('void *PyInitConfig_Create()')
    const free = library.func('void PyInitConfig_Free(void *config)')
    const setString = library.func('int PyInitConfig_SetStr(void *config, const char *name, const char *value)')
    const setInt = library.func('int PyInitConfig_SetInt(void *config, const char *name, int64_t value)')
    const initialise = library.func('int Py_InitializeFromInitConfig(void *config)')
    const getError = library.func('int PyInitConfig_GetError(void *config, _Out_ const char **message)')
    return () => {
      const config = create()
      setString(config, 'program_name', executable)
      setInt(config, 'use_environment', 1)
      setInt(config, 'user_site_directory', 1)
      setInt(config, 'install_signal_handlers', 0)
      setInt(config, 'utf8_mode', 1)
      const status = initialise(config)
      if (status !== 0) {
        const error: [string | null] = [null]
        getError(config, error)
        throw new PythreadsError('ERR_PYTHREADS_RUNTIME', `Python does not initialise: ${error[0]}`)
      }
      free(config)
    }
  }
  const setProgramName = library.func('void Py_SetProgramName(const char32_t *name)')
  const initialise = library.func('void Py_InitializeEx(int signals)')
  const utf8Mode = library.symbol('Py_UTF8Mode')
  return () => {
    ffi().encode(utf8Mode, 'int', 1)
    setProgramName(executable)
    initialise(0)
  }
}

let flushing = false

/** Python is never finalized, which would flush what was printed: it is asked to when this JavaScript thread ends. */
function flushAtExit(): void {
  if (flushing) return
  flushing = true
  process.once('exit', () => {
    const [ours, theirs] = socketpair(SOCK_STREAM)
    if (send(Atomics.load(processWord(), 0), message('flush', theirs))) new Poller([ours], 'readable').wait(FLUSH_TIMEOUT_MS)
    else closeFd(theirs)
    closeFd(ours)
  })
}

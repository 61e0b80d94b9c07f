import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'
import type { LibraryHandle } from 'koffi'
import { type PythonFacts, reserveDescriptors } from '../discovery/index.ts'
import { PythreadsError, shortage, startFailure } from '../errors/index.ts'
import { bootSource, KERNEL_FOLDER } from '../kernel.ts'
import { Encoder } from '../wire/index.ts'
import { endAtExit } from './end-at-exit.ts'
import { avoidsNativeCalls, ffi } from './ffi.ts'
import { FLUSH_TIMEOUT_MS, flushAtExit, writeFlushed } from './flush-at-exit.ts'
import {
  bareCalls,
  closeFd,
  MSG_DONTWAIT,
  Poller,
  pinLibrary,
  processWord,
  SOCK_DGRAM,
  SOCK_STREAM,
  send,
  signalAction,
  socketpair,
  systemError,
} from './libc.ts'
import { reserveMemory } from './reserve-memory.ts'

/**
 * The one Python of this process. Rules:
 * 1. It is initialised once, by the JavaScript thread that comes first; the others find it through
 *    the latch.
 * 2. Nothing that JavaScript owns is needed afterwards: that thread may end.
 * 3. From rule 1's initialisation until the latch is set, JavaScript only calls native functions,
 *    one after the other: a `terminate()` stops a thread where it enters a function of JavaScript
 *    or of the engine, not where a native one returns. So Python is never left half-way, with the
 *    GIL held or a SIGINT handler of its own.
 * 4. It is never finalized.
 *
 * 5. Where Python is there and the kernel is not, as it could not be imported, or no thread be
 *    started, it is tried again by whoever comes next.
 *
 * The latch is one number of the process: 0 free, -1 somebody is initialising, -2 that failed, -3
 * rule 5, else the descriptor of the control socket, on which the kernel's control thread takes
 * orders.
 */
const FREE = 0
const STARTING = -1
const FAILED = -2
const WITHOUT_KERNEL = -3

export const START_TIMEOUT_MS = 30_000
export const POLL_MS = 2
/**
 * How long one wait in native code lasts, so that a `terminate()` of this JavaScript thread takes
 * effect in between.
 */
const SLICE_MS = 50
/**
 * What Python takes when it starts, with room to spare: it ends the process when it lacks either.
 */
const START_DESCRIPTORS = 16
const START_BYTES = 64 * 2 ** 20

export type InProcessKind = 'thread' | 'subinterpreter'

/**
 * Starts a worker in the Python of this process; returns our ends of its channel and its side
 * channel, the caller's to close. `ledger` opens its ledger; the descriptor is given away. `first`
 * is sent before Python has the channel: Python may refuse at once and close its end, and what Node
 * cannot write any more makes it drop what it has not read. `closeGraceMs`: how long Python may
 * take for its end, when Node ends.
 */
export async function startInProcess(
  kind: InProcessKind,
  facts: PythonFacts,
  statusPage: () => number,
  first: Buffer | undefined,
  closeGraceMs: number,
): Promise<[number, number]> {
  await control(facts)
  finishAtExit(closeGraceMs)
  const socket = Atomics.load(processWord(), 0)
  const order = prepareOrder(kind, statusPage)
  if (first !== undefined && !send(order.ours[0], first)) throw refused(order)
  // The socket takes a few orders at a time: when many workers start at once, the control thread
  // may be behind.
  for (
    const deadline = Date.now() + START_TIMEOUT_MS;
    !send(socket, order.message);
    await sleep(POLL_MS)
  ) {
    if (!isBusy() || Date.now() > deadline) throw refused(order)
  }
  return order.ours
}

/** Has Python do at the end of this JavaScript thread what is to be done then. */
export function finishAtExit(closeGraceMs: number): void {
  endAtExit(closeGraceMs, (fd) => send(Atomics.load(processWord(), 0), message('end', fd)))
  flushAtExit(flush)
}

/**
 * As {@link startInProcess}, once a worker was started: without the event loop, `timeoutMs` at
 * most.
 */
export function startInProcessNow(kind: InProcessKind, timeoutMs: number): [number, number] {
  const socket = Atomics.load(processWord(), 0)
  const order = prepareOrder(kind, () => -1)
  const writable = new Poller([socket], 'writable')
  for (
    const deadline = Date.now() + timeoutMs;
    !send(socket, order.message);
    writable.wait(SLICE_MS)
  ) {
    if (!isBusy() || Date.now() > deadline) throw refused(order)
  }
  return order.ours
}

/**
 * Why the library of a Python cannot be used in this process, e.g. as koffi has no binary for this
 * platform, or as Node is of musl and the library is not. `undefined`: nothing is known to stand in
 * the way. The library stays loaded.
 */
export function whyNotInProcess(libpython: string): string | undefined {
  if (avoidsNativeCalls) return undefined // the start will say
  try {
    // a Python is there: whether it is this one, it says itself
    if (Atomics.load(processWord(), 0) !== FREE) return undefined
    const failure = pinLibrary(libpython)
    return failure === undefined ? undefined : `${libpython} does not load: ${failure}`
  } catch (error) {
    return (error as Error).message
  }
}

/**
 * Has the Python of this process look for memory that JavaScript does not use any more, if it is
 * there.
 */
export function sweepInProcess(): void {
  const control = Atomics.load(processWord(), 0)
  if (control > 0) send(control, message('sweep', -1))
}

/** An order that was not sent yet: what goes to Python, and our ends of the sockets. */
interface Order {
  readonly message: Buffer
  readonly ours: [number, number]
  readonly fds: readonly number[]
}

function prepareOrder(kind: InProcessKind, statusPage: () => number): Order {
  const fds: number[] = []
  const own = <T extends number[]>(made: T): T => {
    fds.push(...made)
    return made
  }
  try {
    const [page] = own([statusPage()])
    const [ours, theirs] = own(socketpair(SOCK_STREAM))
    const [ourSide, theirSide] = own(socketpair(SOCK_STREAM))
    return { message: message(kind, theirs, theirSide, page), ours: [ours, ourSide], fds }
  } catch (error) {
    closeAll(fds)
    throw error
  }
}

/** Whether the message that was just sent has no room now, and may have some soon. */
function isBusy(): boolean {
  return ['EAGAIN', 'ENOBUFS'].includes(systemError('send').code ?? '')
}

function refused(order: Order): PythreadsError {
  const cause = systemError('send')
  closeAll(order.fds)
  return startFailure('the control socket of the in-process Python takes no orders', cause)
}

function closeAll(fds: readonly number[]): void {
  for (const fd of fds) if (fd >= 0) closeFd(fd)
}

function message(what: string, fd: number, side: number = -1, statusPage: number = -1): Buffer {
  const encoder = new Encoder()
  encoder.tuple(4)
  encoder.value(what, 'what')
  encoder.value(fd, 'fd')
  encoder.value(side, 'side')
  encoder.value(statusPage, 'ledger')
  return encoder.buffer.subarray(0, encoder.position)
}

/** Waits until Python is initialised, by this thread if no other one does it. */
export async function control(facts: PythonFacts): Promise<void> {
  for (
    const deadline = Date.now() + START_TIMEOUT_MS;
    !initialiseNow(facts);
    await sleep(POLL_MS)
  ) {
    if (Date.now() > deadline) throw neverInitialised()
  }
}

/**
 * Initialises Python on this thread, unless that was done before. Returns false while another
 * thread does it, or begins again.
 *
 * @throws `ERR_PYTHREADS_RUNTIME`
 */
export function initialiseNow(facts: PythonFacts): boolean {
  const word = processWord()
  const state = Atomics.compareExchange(word, 0, FREE, STARTING)
  if (state > 0) return true
  if (state === FAILED)
    throw new PythreadsError('ERR_PYTHREADS_RUNTIME', `${UNUSABLE}: its initialisation failed`)
  if (state === STARTING) return false
  if (
    state === WITHOUT_KERNEL &&
    Atomics.compareExchange(word, 0, WITHOUT_KERNEL, STARTING) !== WITHOUT_KERNEL
  )
    return false
  initialise(word, facts, state === FREE ? FREE : WITHOUT_KERNEL)
  return true
}

/** What whoever waits for Python to be initialised says in the end. */
export function neverInitialised(): PythreadsError {
  return new PythreadsError(
    'ERR_PYTHREADS_RUNTIME',
    `${UNUSABLE}: the thread that was initialising it ended`,
  )
}

const UNUSABLE = "The in-process Python cannot be used (isolation 'process' can)"

/**
 * Initialises Python on this thread, some 10 to 20 ms, and leaves the latch set. `from`: where the
 * latch was before.
 */
function initialise(
  word: Int32Array,
  facts: PythonFacts,
  from: typeof FREE | typeof WITHOUT_KERNEL,
): void {
  // What fails before Python itself starts may be tried again, with another Python too.
  let outcome: number = from
  try {
    const boot = from === FREE ? load(facts) : reload()
    const [ours, theirs] = socketpair(SOCK_DGRAM)
    try {
      const source = bootSource(`start(${theirs}, ${JSON.stringify(facts.libpython)})`)
      if (from === FREE) outcome = FAILED
      runKernel(word, boot, source, ours)
    } catch (error) {
      closeAll([ours, theirs])
      throw error
    }
  } catch (error) {
    Atomics.compareExchange(word, 0, STARTING, outcome)
    throw error
  }
}

/** How this thread gets into Python, and out of it, by native functions (rule 3). */
interface Boot {
  readonly enter: () => unknown
  readonly run: (source: string) => number
  readonly leave: () => unknown
}

/** Runs what starts the kernel, and sets the latch. */
function runKernel(
  word: Int32Array,
  { enter, run, leave }: Boot,
  source: string,
  ours: number,
): void {
  const report = Buffer.alloc(REPORT_BYTES)
  const { recv, sigaction } = bareCalls()
  const { SIGINT } = constants.signals
  // Python's own SIGINT handler comes with the `signal` module, which `run` imports: Ctrl-C stays
  // what it was.
  const action = signalAction(SIGINT)
  enter() // Rule 3: from where it enters Python to the store
  run(source)
  leave()
  sigaction(SIGINT, action, null)
  // what was run has sent it, or never will
  const length = recv(ours, report, REPORT_BYTES, MSG_DONTWAIT)
  const ready = length === 1 && report[0] === READY
  // not Atomics.store, which is a function; the engine stores 32 aligned bits at once
  word[0] = ready ? ours : WITHOUT_KERNEL
  if (ready) return
  const why =
    length > 0
      ? report.toString('utf8', 0, length)
      : `${KERNEL_FOLDER} cannot be imported, and Python does not say why`
  throw new PythreadsError('ERR_PYTHREADS_RUNTIME', `The kernel does not start: ${why}`)
}

/** Loads libpython and prepares everything. */
function load(facts: PythonFacts): Boot {
  const path = facts.libpython
  if (path === null)
    throw new PythreadsError('ERR_PYTHREADS_RUNTIME', 'There is no libpython to load')
  try {
    reserveDescriptors(START_DESCRIPTORS)
    reserveMemory(START_BYTES)
  } catch (error) {
    throw shortage(
      'ERR_PYTHREADS_RUNTIME',
      'Python cannot be initialised in this process now',
      error,
    )
  }
  const failure = pinLibrary(path)
  if (failure !== undefined)
    throw new PythreadsError('ERR_PYTHREADS_RUNTIME', `${path} does not load: ${failure}`)
  const library = ffi().load(path, { global: true })
  return {
    enter: initialiser(library, facts),
    run: library.func('int PyRun_SimpleString(const char *source)'),
    leave: library.func('uintptr_t PyEval_SaveThread()'),
  }
}

/**
 * Prepares the Python that is initialised already, whichever it is: its symbols are those of the
 * process.
 */
function reload(): Boot {
  const library = ffi().load(null)
  return {
    enter: library.func('int PyGILState_Ensure()'),
    run: library.func('int PyRun_SimpleString(const char *source)'),
    leave: library.func('uintptr_t PyEval_SaveThread()'), // this thread keeps its thread state
  }
}

/** The kernel's report when all is well; else it is a text. `boot.py` sends it. */
const READY = 1
const REPORT_BYTES = 4096

/**
 * The way to initialise this version: PyInitConfig where there is one, else the program's name and
 * the old call.
 */
function initialiser(library: LibraryHandle, { version, executable }: PythonFacts): () => void {
  const [major, minor] = version
  if (major > 3 || minor >= 14) {
    const create = library.func('void *PyInitConfig_Create()')
    const free = library.func('void PyInitConfig_Free(void *config)')
    const setString = library.func(
      'int PyInitConfig_SetStr(void *config, const char *name, const char *value)',
    )
    const setInt = library.func(
      'int PyInitConfig_SetInt(void *config, const char *name, int64_t value)',
    )
    const initialise = library.func('int Py_InitializeFromInitConfig(void *config)')
    const getError = library.func(
      'int PyInitConfig_GetError(void *config, _Out_ const char **message)',
    )
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

/**
 * Has Python hand over what it holds of lines without an end, and writes it: a slow reader is
 * waited for as long as that takes, the GIL is not. A worker thread leaves alone what calls of
 * other JavaScript threads are about to print.
 */
function flush(): void {
  const [ours, theirs] = socketpair(SOCK_STREAM)
  const what = isMainThread ? 'flush' : 'flush-threads'
  if (send(Atomics.load(processWord(), 0), message(what, theirs))) {
    const { recv } = bareCalls()
    const poller = new Poller([ours], 'readable')
    writeFlushed((chunk) =>
      poller.wait(FLUSH_TIMEOUT_MS) ? recv(ours, chunk, chunk.length, 0) : -1,
    )
  } else closeFd(theirs)
  closeFd(ours)
}

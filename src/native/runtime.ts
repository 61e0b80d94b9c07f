import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PythonFacts } from '../discovery/index.ts'
import { PythreadsError } from '../errors/index.ts'
import { bootSource, kernelFolder } from '../kernel.ts'
import { avoidsNativeCalls } from './ffi.ts'
import {
  bareCalls,
  closeFd,
  MSG_DONTWAIT,
  pinLibrary,
  processWord,
  SOCK_DGRAM,
  signalAction,
  socketpair,
} from './libc.ts'
import { attach, type Boot, load } from './libpython.ts'

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
 * 5. Where Python is initialised and the kernel is not there, because it could not be imported or
 *    no thread could be started, the next JavaScript thread that starts a worker tries again.
 *
 * The latch is one number of the process: 0 free, -1 a thread is initialising Python, -2 that
 * failed, -3 rule 5, else the descriptor of the control socket (`control-socket.ts`).
 */
const FREE = 0
const STARTING = -1
const FAILED = -2
const WITHOUT_KERNEL = -3

export const START_TIMEOUT_MS = 30_000
export const POLL_MS = 2

/**
 * Why the library of a Python cannot be used in this process, e.g. koffi has no binary for this
 * platform, or Node is built for musl and the library is not. `undefined`: no reason is known. The
 * library stays loaded.
 */
export function whyNotInProcess(libpython: string): string | undefined {
  if (avoidsNativeCalls) return undefined // the start will say
  try {
    // A Python is initialised here. The start of a worker checks whether it is this one.
    if (Atomics.load(processWord(), 0) !== FREE) return undefined
    const failure = pinLibrary(libpython)
    return failure === undefined ? undefined : `${libpython} does not load: ${failure}`
  } catch (error) {
    return (error as Error).message
  }
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

/** The error of a thread that has waited too long for another one to initialise Python. */
export function neverInitialised(): PythreadsError {
  return new PythreadsError(
    'ERR_PYTHREADS_RUNTIME',
    `${UNUSABLE}: the thread that was initialising it ended`,
  )
}

const UNUSABLE = "The in-process Python cannot be used (isolation 'process' can)"

/**
 * Initialises Python on this thread, which takes 10 to 20 ms, and sets the latch. `from`: the value
 * of the latch before.
 */
function initialise(
  word: Int32Array,
  facts: PythonFacts,
  from: typeof FREE | typeof WITHOUT_KERNEL,
): void {
  // What fails before Python itself starts may be tried again, with another Python too.
  let outcome: number = from
  try {
    const boot = from === FREE ? load(facts) : attach()
    const [ours, theirs] = socketpair(SOCK_DGRAM)
    try {
      const source = bootSource(`start(${theirs}, ${JSON.stringify(facts.libpython)})`)
      if (from === FREE) outcome = FAILED
      runKernel(word, boot, source, ours)
    } catch (error) {
      closeFd(ours)
      closeFd(theirs)
      throw error
    }
  } catch (error) {
    Atomics.compareExchange(word, 0, STARTING, outcome)
    throw error
  }
}

/** What `boot.py` sends when the kernel has started; anything else is the text of an error. */
const READY = 1
const REPORT_BYTES = 4096

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
  // The `signal` module, which `run` imports, installs a SIGINT handler of Python. Put back the one
  // that was there, so that Ctrl-C does what it did.
  const action = signalAction(SIGINT)
  enter() // Rule 3 holds from here to the store in `word`.
  run(source)
  leave()
  sigaction(SIGINT, action, null)
  // `run` has sent the report by now, or never will.
  const length = recv(ours, report, REPORT_BYTES, MSG_DONTWAIT)
  const ready = length === 1 && report[0] === READY
  // Not Atomics.store, which is a call (rule 3). The engine stores 32 aligned bits at once.
  word[0] = ready ? ours : WITHOUT_KERNEL
  if (ready) return
  const why =
    length > 0
      ? report.toString('utf8', 0, length)
      : `${kernelFolder()} cannot be imported, and Python does not say why`
  throw new PythreadsError('ERR_PYTHREADS_RUNTIME', `The kernel does not start: ${why}`)
}

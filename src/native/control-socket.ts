import { setTimeout as sleep } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'
import type { PythonFacts } from '../discovery/index.ts'
import { type PythreadsError, startFailure } from '../errors/index.ts'
import { Encoder } from '../wire/index.ts'
import { systemError } from './c-functions.ts'
import { endAtExit } from './end-at-exit.ts'
import { FLUSH_TIMEOUT_MS, flushAtExit, writeFlushed } from './flush-at-exit.ts'
import { bareCalls, closeFd, Poller, processWord, SOCK_STREAM, send, socketpair } from './libc.ts'
import { control, POLL_MS, START_TIMEOUT_MS } from './runtime.ts'

/**
 * The orders that this process gives its Python, by the socket on which the kernel's control thread
 * reads them: start a worker, look for free memory, print what is left, prepare for the end.
 */

/** The time of one wait in native code, which `terminate()` of this thread has to wait for. */
const SLICE_MS = 50

export type InProcessKind = 'thread' | 'subinterpreter'

/**
 * Starts a worker in the Python of this process. Returns JavaScript's ends of its channel and its
 * side channel; the caller closes them. `statusPage` opens the status page; Python closes that
 * descriptor. `first`: the first bytes on the channel. They are sent before Python has its end: if
 * Python refused the worker and closed its end, a later write would fail, and Node would then drop
 * Python's reply unread. `closeGraceMs`: the time that Python has to end when Node ends.
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
  // The socket holds only a few orders, and may be full when many workers start at once.
  for (
    const deadline = Date.now() + START_TIMEOUT_MS;
    !send(socket, order.message);
    await sleep(POLL_MS)
  ) {
    if (!isBusy() || Date.now() > deadline) throw refused(order)
  }
  return order.ours
}

/** Makes Python run exit functions and flush its output when this JavaScript thread ends. */
export function finishAtExit(closeGraceMs: number): void {
  endAtExit(closeGraceMs, (fd) => send(Atomics.load(processWord(), 0), message('end', fd)))
  flushAtExit(flush)
}

/**
 * Like {@link startInProcess}, and blocks for at most `timeoutMs` in place of using the event loop.
 * Python must be initialised.
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

/** Makes the Python of this process, if it is initialised, free memory that JavaScript returned. */
export function sweepInProcess(): void {
  const control = Atomics.load(processWord(), 0)
  if (control > 0) send(control, message('sweep', -1))
}

/** An order to start a worker, before it is sent, and JavaScript's ends of the worker's sockets. */
interface Order {
  readonly message: Buffer
  readonly ours: [number, number]
  /** All descriptors to close when the order is refused. */
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

/** Whether the last send failed because the socket is full: a later one may succeed. */
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
  encoder.value(statusPage, 'statusPage')
  return encoder.buffer.subarray(0, encoder.position)
}

/**
 * Fetches Python's unfinished lines and writes them. A slow reader of the output is waited for
 * without a limit; a GIL that C code keeps only for `FLUSH_TIMEOUT_MS`. At the end of a worker
 * thread, Python keeps the lines of calls that other JavaScript threads have made.
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

import { openSync, writeSync } from 'node:fs'
import { startFailure } from '../errors/index.ts'
import { LINUX, libc, libcVariable, systemError } from './c-functions.ts'
import { avoidsNativeCalls } from './ffi.ts'
import { nap } from './waiting.ts'

/** The few system calls for descriptors, processes and libraries that Node does not offer. */

const AF_UNIX = 1
export const SOCK_STREAM = 1
export const SOCK_DGRAM = 2
const SOCK_CLOEXEC = LINUX ? 0o2000000 : 0
const RTLD_NOW = 2
const RTLD_GLOBAL = LINUX ? 0x100 : 0x8
const RTLD_NODELETE = LINUX ? 0x1000 : 0x80
const POLLIN = 1
const POLLOUT = 4
export const MSG_DONTWAIT: number = LINUX ? 0x40 : 0x80
const MSG_NOSIGNAL = LINUX ? 0x4000 : 0
const MFD_CLOEXEC = 1
const WNOHANG = 1
/** How often, and how many milliseconds apart, children that were killed are waited for. */
const REAP_LOOKS = 200
const REAP_LOOK_MS = 5
const F_SETFD = 2
const FD_CLOEXEC = 1
const F_DUPFD_CLOEXEC = LINUX ? 1030 : 67
/** Larger than `struct sigaction` on any platform. */
const SIGACTION_BYTES = 512

/** Two connected sockets that no child process inherits. Whoever gets an end closes it. */
export function socketpair(type: number): [number, number] {
  const fds: [number, number] = [-1, -1]
  if (libc().socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds) !== 0) {
    throw startFailure('its sockets cannot be made', systemError('socketpair'))
  }
  if (!LINUX) for (const fd of fds) libc().fcntl(fd, F_SETFD, 'int', FD_CLOEXEC)
  return fds
}

/** Sends one message without waiting; returns whether the socket took it. */
export function send(fd: number, message: Uint8Array): boolean {
  return libc().send(fd, message, message.length, MSG_DONTWAIT | MSG_NOSIGNAL) === message.length
}

/** Some sockets that are waited for, again and again. */
export class Poller {
  readonly #count: number
  /**
   * An array of `struct pollfd`: descriptor, events that are waited for, events that were found.
   */
  readonly #request: Buffer
  readonly #poll = libc().poll

  constructor(fds: readonly number[], events: 'readable' | 'writable') {
    this.#count = fds.length
    this.#request = Buffer.alloc(fds.length * 8)
    for (const [i, fd] of fds.entries()) {
      this.#request.writeInt32LE(fd, i * 8)
      this.#request.writeInt16LE(events === 'readable' ? POLLIN : POLLOUT, i * 8 + 4)
    }
  }

  /**
   * Waits until one of them has something to read, or takes something to send, or its other end is
   * closed; answers whether one has.
   */
  wait(timeoutMs: number): boolean {
    return this.#poll(this.#request, this.#count, timeoutMs) > 0
  }

  /** Whether the last wait found this one. */
  found(index: number): boolean {
    return this.#request.readInt16LE(index * 8 + 6) !== 0
  }
}

/**
 * Another descriptor of the same file, which no child process inherits, and of which Node knows
 * nothing: it can be given away.
 */
export function duplicateFd(fd: number): number {
  const copy = libc().fcntl(fd, F_DUPFD_CLOEXEC, 'int', 0)
  if (copy < 0) throw startFailure('a descriptor cannot be duplicated', systemError('fcntl'))
  return copy
}

/** A file in memory that has no name, for Linux. @throws the system's error */
export function makeMemoryFile(name: string): number {
  const fd = libc().memfd(name, MFD_CLOEXEC)
  if (fd < 0) throw systemError('memfd_create')
  return fd
}

/** Writes bytes whole, however long their reader takes. What nobody reads any more is dropped. */
export function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(fd, bytes, written)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return
      if (avoidsNativeCalls) nap(1)
      else new Poller([fd], 'writable').wait(-1)
    }
  }
}

export function closeFd(fd: number): void {
  libc().close(fd)
}

/**
 * Waits for child processes that were killed, for a moment: an event loop that has ended would
 * never do so, and they would stay in the system's list until this process ends.
 */
export function reap(pids: Iterable<number>, timeoutMs: number): void {
  const deadline = Date.now() + timeoutMs
  for (const pid of pids) {
    while (libc().waitpid(pid, null, WNOHANG) === 0 && Date.now() < deadline) nap(1)
  }
}

/** As {@link reap}, while the event loop goes on. */
export function reapSoon(pids: readonly number[], looks: number = REAP_LOOKS): void {
  const left = pids.filter((pid) => libc().waitpid(pid, null, WNOHANG) === 0)
  if (left.length > 0 && looks > 0) setTimeout(reapSoon, REAP_LOOK_MS, left, looks - 1).unref()
}

/**
 * Loads a library for good: its symbols are visible to the extension modules that Python loads
 * later, and it stays when the JavaScript thread ends that asked for it, for koffi unloads what it
 * loaded. Answers what went wrong.
 */
export function pinLibrary(path: string): string | undefined {
  return libc().dlopen(path, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE)
    ? undefined
    : String(libc().dlerror())
}

/**
 * What happens on a signal; `sigaction` puts it back exactly as it was, handlers of others
 * included.
 */
export function signalAction(signal: number): Buffer {
  const action = Buffer.alloc(SIGACTION_BYTES)
  libc().sigaction(signal, null, action)
  return action
}

/** Drops what this process prints on stderr from now on. */
export function silenceStderr(): void {
  libc().dup2(openSync('/dev/null', 'w'), 2)
}

export interface BareCalls {
  recv(fd: number, bytes: Uint8Array, length: number, flags: number): number
  sigaction(signal: number, action: Uint8Array | null, old: Uint8Array | null): number
}

/**
 * The C functions themselves: JavaScript that must not be stopped half-way calls them and no
 * function of its own.
 */
export function bareCalls(): BareCalls {
  return libc()
}

/**
 * One number that all JavaScript threads of the process share: `getdate_err` of the C library,
 * which only `getdate` would write, a function that neither Node nor Python calls. Nothing else is
 * at hand that a thread finds without being told (design/latch.md).
 */
export function processWord(): Int32Array {
  word ??= new Int32Array(libcVariable('getdate_err', 4))
  return word
}

let word: Int32Array | undefined

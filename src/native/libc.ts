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
/** How many times `reapSoon` looks for killed children. */
const REAP_LOOKS = 200
/** The pause between two of these looks. */
const REAP_LOOK_MS = 5
const F_SETFD = 2
const FD_CLOEXEC = 1
const F_DUPFD_CLOEXEC = LINUX ? 1030 : 67
/** Larger than `struct sigaction` on any platform. */
const SIGACTION_BYTES = 512

/** Makes two connected sockets that no child process inherits. The caller owns both ends. */
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

/** Waits for some sockets, again and again: the arguments of `poll` are made once. */
export class Poller {
  readonly #count: number
  /** An array of `struct pollfd`: descriptor, wanted events, found events. */
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
   * Waits until a socket is readable or writable, or its other end is closed. Returns false when
   * none is after `timeoutMs`.
   */
  wait(timeoutMs: number): boolean {
    return this.#poll(this.#request, this.#count, timeoutMs) > 0
  }

  /** Whether the last wait found this socket ready. */
  found(index: number): boolean {
    return this.#request.readInt16LE(index * 8 + 6) !== 0
  }
}

/**
 * Duplicates a descriptor for another owner, such as Python: Node does not know the copy and never
 * closes it. No child process inherits the copy.
 */
export function duplicateFd(fd: number): number {
  const copy = libc().fcntl(fd, F_DUPFD_CLOEXEC, 'int', 0)
  if (copy < 0) throw startFailure('a descriptor cannot be duplicated', systemError('fcntl'))
  return copy
}

/** Whether this JavaScript thread can make a memory file. */
export const canMakeMemoryFiles: boolean = LINUX && !avoidsNativeCalls

/** Makes a file in memory without a path, for Linux. @throws the system's error */
export function makeMemoryFile(name: string): number {
  const fd = libc().memfd(name, MFD_CLOEXEC)
  if (fd < 0) throw systemError('memfd_create')
  return fd
}

/** Writes all bytes, and waits for a slow reader. When the reader has gone, the rest is dropped. */
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
 * Waits briefly for killed child processes. The event loop, which would do so, has ended; without
 * this they would stay zombies until this process ends.
 */
export function reap(pids: Iterable<number>, timeoutMs: number): void {
  const deadline = Date.now() + timeoutMs
  for (const pid of pids) {
    while (libc().waitpid(pid, null, WNOHANG) === 0 && Date.now() < deadline) nap(1)
  }
}

/** Like {@link reap}, by timers, where the event loop goes on. */
export function reapSoon(pids: readonly number[], looks: number = REAP_LOOKS): void {
  const left = pids.filter((pid) => libc().waitpid(pid, null, WNOHANG) === 0)
  if (left.length > 0 && looks > 0) setTimeout(reapSoon, REAP_LOOK_MS, left, looks - 1).unref()
}

/**
 * Loads a library and never unloads it: koffi would unload it when this JavaScript thread ends. The
 * extension modules that Python loads later see its symbols. Returns the error, if there is one.
 */
export function pinLibrary(path: string): string | undefined {
  return libc().dlopen(path, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE)
    ? undefined
    : String(libc().dlerror())
}

/** Reads the handler of a signal as the bytes that `sigaction` takes to restore it exactly. */
export function signalAction(signal: number): Buffer {
  const action = Buffer.alloc(SIGACTION_BYTES)
  libc().sigaction(signal, null, action)
  return action
}

/** Redirects this process's stderr to /dev/null, for C code too. */
export function silenceStderr(): void {
  libc().dup2(openSync('/dev/null', 'w'), 2)
}

export interface BareCalls {
  recv(fd: number, bytes: Uint8Array, length: number, flags: number): number
  sigaction(signal: number, action: Uint8Array | null, old: Uint8Array | null): number
}

/**
 * The C functions without a JavaScript wrapper. A terminated thread stops at the next JavaScript
 * function call, so code that must not stop half-way calls only these.
 */
export function bareCalls(): BareCalls {
  return libc()
}

/**
 * One word of memory that all JavaScript threads of the process share and can find without a
 * message: the C library's variable `getdate_err`. Only the function `getdate` writes to it, which
 * neither Node nor Python calls (design/latch.md).
 */
export function processWord(): Int32Array {
  word ??= new Int32Array(libcVariable('getdate_err', 4))
  return word
}

let word: Int32Array | undefined

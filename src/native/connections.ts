import { fstatSync, readdirSync, readlinkSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PythonFacts } from '../discovery/index.ts'
import { startFailure } from '../errors/index.ts'
import { own } from '../own.ts'
import { Encoder } from '../wire/index.ts'
import { type InProcessKind, sweepInProcess } from './control-socket.ts'
import { avoidsNativeCalls } from './ffi.ts'
import { FLUSH_TIMEOUT_MS, flushAtExit, writeFlushed } from './flush-at-exit.ts'
import { initialiseOnMainThread } from './main-thread.ts'
import { control, neverInitialised, POLL_MS, START_TIMEOUT_MS } from './runtime.ts'
import { type Connection, connectionOf } from './socket-descriptor.ts'
import { readSoon } from './waiting.ts'

/**
 * In-process Python for threads of `worker_threads`, which make no native calls (`ffi.ts`). They
 * connect to a socket of the kernel (`connections.py`); Node closes their ends however the thread
 * ends. The main thread initialises Python for them.
 */
const FDS = '/proc/self/fd'
/** The link in /proc/self/fd to the socket's file, which the kernel has deleted. */
const MARK = /\/pythreads-control-[0-9a-f]{16} \(deleted\)$/
const TOKEN_BYTES = 16

/**
 * Starts a worker; returns this thread's ends of its channel and its side channel, or `undefined`
 * where only native calls can start one. `statusPage`: the descriptor of its status page. `first`:
 * the first bytes on the channel.
 */
export async function connectWorker(
  kind: InProcessKind,
  facts: PythonFacts,
  statusPage: number,
  first: Buffer,
  closeGraceMs: number,
): Promise<[Socket, Socket] | undefined> {
  const path = await reach(facts, closeGraceMs)
  if (path === undefined) return undefined
  flushAtExit(() => flush(path))
  const [{ socket }, side] = connectBoth(path, kind, statusPage, first)
  return [socket, side.socket]
}

/**
 * Starts a worker for sync calls: this thread blocks, so nothing here may wait for the event loop,
 * and the event loop must not read the channel. Returns `undefined` where {@link connectWorker}
 * does, and while Python is not initialised.
 */
export function connectWorkerNow(kind: InProcessKind): [Connection, Connection] | undefined {
  const path = find()
  if (path === undefined) return undefined
  const ends = connectBoth(path, kind, -1)
  ends[0].socket.pause()
  return ends
}

/** Makes the Python of this process, if it runs, free memory that JavaScript has returned. */
export function sweepPython(): void {
  if (!avoidsNativeCalls) return sweepInProcess()
  const path = find()
  if (path === undefined) return
  try {
    connect(path, 'sweep').socket.destroy()
  } catch {
    // no descriptor is left; Python sweeps again when it lends something else
  }
}

let found: string | undefined

/** The path of the kernel's socket; `undefined` before Python is initialised, or without /proc. */
function find(): string | undefined {
  found ??= avoidsNativeCalls ? search() : undefined
  return found
}

function search(): string | undefined {
  try {
    for (const fd of readdirSync(FDS)) if (isMarked(`${FDS}/${fd}`)) return `${FDS}/${fd}`
  } catch {
    // no /proc, or no right to look there
  }
  return undefined
}

function isMarked(path: string): boolean {
  try {
    return MARK.test(readlinkSync(path))
  } catch {
    return false // the descriptor was closed meanwhile
  }
}

/** Initialises Python where necessary, then returns the path of the kernel's socket. */
async function reach(facts: PythonFacts, closeGraceMs: number): Promise<string | undefined> {
  if (!avoidsNativeCalls) return undefined
  const deadline = Date.now() + START_TIMEOUT_MS
  for (let path = find(); ; path = find()) {
    if (path !== undefined) return path
    if (Date.now() > deadline) throw neverInitialised()
    const isThere = await initialiseOnMainThread(facts, closeGraceMs, deadline - Date.now())
    if (isThere === undefined) await control(facts)
    if (isThere !== false) return find()
    await sleep(POLL_MS)
  }
}

function connectBoth(
  path: string,
  kind: InProcessKind,
  statusPage: number,
  first?: Buffer,
): [Connection, Connection] {
  const token = Buffer.from(crypto.getRandomValues(new Uint8Array(TOKEN_BYTES))).toString('hex')
  const side = connect(path, 'side', token) // first: Python pairs them when the channel arrives
  try {
    return [connect(path, kind, token, statusPage, first), side]
  } catch (error) {
    side.socket.destroy()
    throw error
  }
}

/**
 * Connects and sends a greeting without the event loop: the system call completes at once, only
 * Node's `connect` event comes later.
 *
 * @throws `ERR_PYTHREADS_WORKER_START`
 */
function connect(
  path: string,
  what: string,
  token: string = '',
  file: number = -1,
  first?: Buffer,
): Connection {
  const socket = new Socket(own({}))
  socket.on('error', () => {}) // the caller learns of a failure by the exception below
  try {
    socket.connect(own({ path }))
    const { fd } = connectionOf(socket)
    const bytes = Buffer.concat([greeting(what, token, file), first ?? Buffer.alloc(0)])
    if (writeSync(fd, bytes) < bytes.length)
      throw new Error('its settings are too large for a socket')
    return { socket, fd }
  } catch (cause) {
    socket.destroy()
    throw startFailure('the in-process Python takes no connection', cause)
  }
}

function greeting(what: string, token: string, file: number): Buffer {
  const encoder = new Encoder()
  encoder.tuple(4)
  encoder.value(what, 'what')
  encoder.value(token, 'token')
  encoder.value(file, 'file')
  encoder.value(file < 0 ? 0 : fstatSync(file).ino, 'inode')
  const length = Buffer.alloc(4)
  length.writeUInt32LE(encoder.position)
  return Buffer.concat([length, encoder.buffer.subarray(0, encoder.position)])
}

/** As `flush` in `control-socket.ts`, by a connection. */
function flush(path: string): void {
  try {
    const { socket, fd } = connect(path, 'flush-threads')
    writeFlushed((chunk) => readSoon(fd, chunk, FLUSH_TIMEOUT_MS))
    socket.destroy()
  } catch {
    // no descriptor is left
  }
}

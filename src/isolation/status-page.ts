import { readSync, writeSync } from 'node:fs'
import { attempt, letGo } from '../attempt.ts'
import { isShortage, startFailure } from '../errors/index.ts'
import { makeMemoryFile, makesNativeCalls } from '../native/index.ts'
import { namelessFiles } from '../platform/index.ts'

/**
 * Bytes that both sides use as a table; `kernel/pythreads_kernel/status_page.py` says what is
 * where.
 */
const TABLE_BYTES = 4096
const TAIL = 1024
const CRASH_BYTES = 16 * 1024
/** The largest request id. */
const LAST = 0xffff_ffff
/**
 * How often, and how many milliseconds apart, Python is asked whether it skips a request that it
 * may be about to begin.
 */
const LOOKS = 10
const LOOK_MS = 0.5
const NEVER = new Int32Array(new SharedArrayBuffer(4))
/** How many of the last lines an error shows. */
const LAST_LINES = 20

/** What a worker has done, as far as it has written it down. */
export interface WorkerTimes {
  /** Milliseconds that its thread spent on requests. */
  readonly busyMs: number
  /** Milliseconds of processor time of that thread. */
  readonly cpuMs: number
}

/**
 * A file without a name that a worker maps: it writes there which request it has begun, how long
 * they took, and what it printed last, which can be read while Python is busy and after its death;
 * and it reads there which requests are taken back.
 */
export class StatusPage {
  /** Closed by `close`. */
  readonly fd: number
  readonly #bytes: Buffer = Buffer.alloc(32)
  #closed = false

  /** @throws `ERR_PYTHREADS_WORKER_START` when there is no place for it */
  constructor() {
    this.fd = openNameless()
  }

  /**
   * The last request that Python has begun; the last one that there can be, where that cannot be
   * read: none of them is made again then.
   */
  get begun(): number {
    return this.#read(0, 4) ? this.#bytes.readUInt32LE(0) : LAST
  }

  /** The last request with a large frame that Python has read, or was reading when it ended. */
  get reads(): number {
    return this.#read(12, 4) ? this.#bytes.readUInt32LE(0) : 0
  }

  /**
   * Takes back the requests above `low`, up to `high`: Python skips them, unless it has begun them
   * already. Returns whether that could be written: a worker can cut the file short and fill its
   * file system.
   */
  takeBack(low: number, high: number): boolean {
    const range = Buffer.allocUnsafe(8)
    range.writeUInt32LE(low, 0)
    range.writeUInt32LE(high, 4)
    try {
      return !this.#closed && writeSync(this.fd, range, 0, 8, 4) === range.length
    } catch {
      return false
    }
  }

  /**
   * Takes back all requests that Python has not begun; returns the last one that it has begun or
   * ever will. Python may be about to begin one in this very moment: whether it skips that one, it
   * says at once, unless its thread has to wait for the GIL.
   */
  takeBackAll(): number {
    const low = this.begun
    if (!this.takeBack(low, LAST)) return LAST // it may begin each of them
    const { begun } = this
    for (let look = 0; begun > low && look < LOOKS; look++) {
      const skipped = this.#firstSkipped
      if (skipped > low) return skipped - 1
      Atomics.wait(NEVER, 0, 0, LOOK_MS)
    }
    return begun
  }

  get #firstSkipped(): number {
    return this.#read(32, 4) ? this.#bytes.readUInt32LE(0) : 0
  }

  get times(): WorkerTimes {
    if (!this.#read(0, 32)) return { busyMs: 0, cpuMs: 0 }
    return { busyMs: nanoseconds(this.#bytes, 16) / 1e6, cpuMs: nanoseconds(this.#bytes, 24) / 1e6 }
  }

  /** What the worker printed last, and what Python said of a crash. */
  get lastWords(): string {
    const bytes = Buffer.alloc(TABLE_BYTES + CRASH_BYTES)
    const end = this.#closed ? 0 : readInto(this.fd, bytes, 0)
    const tail = Math.min(bytes.readUInt32LE(TAIL), TABLE_BYTES - TAIL - 4)
    const printed = bytes.toString('utf8', TAIL + 4, TAIL + 4 + tail).trimEnd()
    const crash = bytes.toString('utf8', TABLE_BYTES, Math.max(end, TABLE_BYTES)).trimEnd()
    return [printed.split('\n').slice(-LAST_LINES).join('\n'), crash].filter(Boolean).join('\n')
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    letGo(this.fd)
  }

  /**
   * Reads bytes to the beginning of `#bytes`; returns whether all of them were there: the worker
   * may have made the file shorter.
   */
  #read(position: number, length: number): boolean {
    return !this.#closed && readInto(this.fd, this.#bytes.subarray(0, length), position) === length
  }
}

/** Returns how many bytes were there; 0 where they cannot be read. */
function readInto(fd: number, bytes: Buffer, position: number): number {
  return attempt(() => readSync(fd, bytes, 0, bytes.length, position)) ?? 0
}

function nanoseconds(bytes: Buffer, offset: number): number {
  return bytes.readUInt32LE(offset) + bytes.readUInt32LE(offset + 4) * 2 ** 32
}

/** Opens a file that nobody else can open. It has room for the table. */
function openNameless(): number {
  const failures: unknown[] = []
  for (const open of ways()) {
    try {
      const fd = open()
      if (fd !== undefined) return withTable(fd)
    } catch (error) {
      failures.push(error) // a file system that cannot, no such folder, or it is full
    }
  }
  throw startFailure(
    'no file for its status page can be made',
    failures.find(isShortage) ?? failures.at(-1),
  )
}

/** A memory file is the last way: koffi, which may be missing, takes some milliseconds to load. */
function ways(): readonly (() => number | undefined)[] {
  const inMemory = () =>
    process.platform === 'linux' && makesNativeCalls() ? makeMemoryFile('pythreads') : undefined
  return [...namelessFiles(), inMemory]
}

function withTable(fd: number): number {
  try {
    // the descriptor now stands where a crash will be described
    writeSync(fd, Buffer.alloc(TABLE_BYTES))
    return fd
  } catch (error) {
    letGo(fd)
    throw error
  }
}

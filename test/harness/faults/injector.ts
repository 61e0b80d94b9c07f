import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'

/** A system call of this process that is to fail: the n-th one by that name, from 1. */
export interface Point {
  readonly call: string
  readonly nth: number
  readonly error: string
}

type Code = keyof typeof constants.errno
type Any = (this: unknown, ...args: unknown[]) => unknown

/** With what a call fails, by the beginning of its name. The first list that fits counts. */
const ERRORS: readonly (readonly [begin: string, errors: readonly Code[]])[] = [
  ['fs.open', ['EMFILE', 'ENFILE', 'ENOMEM', 'EACCES', 'ENOENT']],
  ['fs.read', ['EIO', 'EMFILE', 'EACCES', 'ENOMEM', 'EINTR']],
  ['fs.write', ['ENOSPC', 'EIO', 'EAGAIN', 'EINTR']],
  ['fs.close', ['EIO', 'EINTR']],
  ['fs.', ['EACCES', 'ENOENT', 'EMFILE', 'EIO']],
  ['process.spawn', ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE', 'EACCES', 'ENOENT', 'EPERM']],
  ['process.kill', ['EPERM', 'ESRCH']],
  ['pipe.open', ['EMFILE', 'EINVAL', 'ENOMEM']],
  ['pipe.read', ['ECONNRESET', 'ENOTCONN', 'EIO']],
  ['pipe.', ['EPIPE', 'ECONNRESET', 'ENOBUFS', 'EIO']],
  ['c.mmap', ['ENOMEM', 'EACCES', 'EPERM']],
  ['c.memfd_create', ['EMFILE', 'ENFILE', 'ENOMEM', 'EPERM']],
  ['c.fcntl', ['EPERM', 'EINVAL', 'EMFILE', 'EBADF']],
  ['c.ftruncate', ['EPERM', 'EIO', 'ENOSPC', 'EINTR']],
  ['c.socketpair', ['EMFILE', 'ENFILE', 'ENOMEM']],
  ['c.poll', ['EINTR', 'ENOMEM']],
  ['c.send', ['EAGAIN', 'ENOBUFS', 'EPIPE']],
  ['c.recv', ['EINTR', 'EAGAIN', 'ECONNRESET']],
  ['c.', ['EPERM', 'ENOMEM', 'EINTR']],
]

export function errorsOf(call: string): readonly string[] {
  return ERRORS.find(([begin]) => call.startsWith(begin))?.[1] ?? []
}

/** Functions of the C library that ask nothing of the system. */
const PURE = new Set(['memmove', 'dlerror'])

/**
 * Counts the system calls of this process by their names, and lets one fail. Made before pythreads
 * is loaded.
 */
export class Injector {
  #counts: Map<string, number> | undefined
  #point: Point | undefined
  /** Whether the call was made that was to fail. */
  reached = false

  /** Counts from now on; the call of `point` fails. */
  begin(point?: Point): void {
    this.#counts = new Map()
    this.#point = point
    this.reached = false
  }

  /** Stops counting; nothing fails any more. Returns how often each call was made. */
  end(): ReadonlyMap<string, number> {
    const counts = this.#counts ?? new Map<string, number>()
    this.#counts = this.#point = undefined
    return counts
  }

  /** The number of the error with which this call is to fail. */
  fails(call: string): number | undefined {
    if (this.#counts === undefined) return undefined
    const nth = (this.#counts.get(call) ?? 0) + 1
    this.#counts.set(call, nth)
    if (this.#point?.call !== call || this.#point.nth !== nth) return undefined
    this.reached = true
    return constants.errno[this.#point.error as Code]
  }

  async install(): Promise<void> {
    this.#installFs()
    this.#installKoffi()
    const child = spawn(process.execPath, ['-e', ''], { stdio: ['pipe', 'ignore', 'ignore'] })
    const handles = child as unknown as { _handle: object; stdin: { _handle: object } }
    this.#installHandle('process', Object.getPrototypeOf(handles._handle) as object, [
      'spawn',
      'kill',
    ])
    this.#installHandle('pipe', Object.getPrototypeOf(handles.stdin._handle) as object, [
      ...[
        'open',
        'readStart',
        'shutdown',
        'writeBuffer',
        'writev',
        'writeUtf8String',
        'writeLatin1String',
      ],
    ])
    await ended(child)
  }

  /** What Node offers of files. A descriptor is closed even where that fails. */
  #installFs(): void {
    const functions = fs as unknown as Record<string, Any>
    for (const name of Object.keys(functions).filter(
      (name) => name.endsWith('Sync') && name !== 'existsSync',
    )) {
      const real = functions[name] as Any
      const call = `fs.${name}`
      const injector = this
      const wrapped = function (this: unknown, ...args: unknown[]): unknown {
        const errno = injector.fails(call)
        if (errno === undefined) return real.apply(this, args)
        if (name === 'closeSync') real.apply(this, args)
        const code = getSystemErrorName(-errno)
        throw Object.assign(new Error(`${code}: injected, ${name}`), {
          errno: -errno,
          code,
          syscall: name,
        })
      }
      functions[name] = Object.assign(wrapped, real)
    }
    syncBuiltinESMExports()
  }

  /** Methods of Node's handles return the negative number of an error. */
  #installHandle(kind: string, prototype: object, names: readonly string[]): void {
    for (const name of names) {
      const owner = ownerOf(prototype, name)
      const real = owner?.[name]
      if (owner === undefined || real === undefined)
        throw new Error(`Node's ${kind} has no ${name}`)
      const injector = this
      owner[name] = function (this: unknown, ...args: unknown[]): unknown {
        const errno = injector.fails(`${kind}.${name}`)
        return errno === undefined ? real.apply(this, args) : -errno
      }
    }
  }

  /** Functions of the C library that koffi calls return -1, or no pointer, and set `errno`. */
  #installKoffi(): void {
    const koffi = createRequire(import.meta.url)('koffi') as {
      load: Any
      errno: (value?: number) => number
    }
    const { load } = koffi
    const wrap = (library: { func: Any }) => {
      const { func } = library
      const define = (...args: unknown[]) => {
        const real = func.apply(library, args) as Any
        const name = /(\w+)\(/.exec(String(args[0]))?.[1]
        if (args.length > 1 || name === undefined || PURE.has(name) || name.startsWith('Py'))
          return real
        return (...values: unknown[]): unknown => {
          const errno = this.fails(`c.${name}`)
          if (errno === undefined) return real(...values)
          if (name === 'close') real(...values)
          koffi.errno(errno)
          return name === 'dlopen' ? null : -1
        }
      }
      return new Proxy(library, {
        get: (target, key) => (key === 'func' ? define : bound(target, key)),
      })
    }
    koffi.load = (...args) => wrap(load(...args) as { func: Any })
  }
}

function bound(target: object, key: string | symbol): unknown {
  const value = Reflect.get(target, key) as unknown
  return typeof value === 'function' ? value.bind(target) : value
}

/** Which object of a chain of prototypes has a method. */
function ownerOf(prototype: object, name: string): Record<string, Any> | undefined {
  for (
    let one: object | null = prototype;
    one !== null;
    one = Object.getPrototypeOf(one) as object | null
  ) {
    if (Object.hasOwn(one, name)) return one as Record<string, Any>
  }
  return undefined
}

function ended(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once('close', resolve))
}

import { getSystemErrorName } from 'node:util'
import type Koffi from 'koffi'
import { ffi } from './ffi.ts'

/**
 * The functions of the C library that pythreads calls, for Linux and macOS. Windows has none of
 * them: only process isolation works there, and its channel is a pipe that Node makes.
 */
const DECLARATIONS = {
  socketpair: 'int socketpair(int domain, int type, int protocol, _Out_ int *fds)',
  send: 'intptr_t send(int fd, const uint8_t *bytes, size_t length, int flags)',
  recv: 'intptr_t recv(int fd, uint8_t *bytes, size_t length, int flags)',
  poll: 'int poll(_Inout_ uint8_t *fds, unsigned long count, int timeout)',
  close: 'int close(int fd)',
  dup2: 'int dup2(int from, int to)',
  fcntl: 'int fcntl(int fd, int command, ...)',
  waitpid: 'int waitpid(int pid, int *status, int options)',
  dlopen: 'void *dlopen(const char *path, int flags)',
  dlerror: 'const char *dlerror()',
  sigaction: 'int sigaction(int signal, uint8_t *action, uint8_t *old)',
  mmap: 'uintptr_t mmap(uintptr_t address, size_t length, int protection, int flags, int fd, int64_t offset)',
  munmap: 'int munmap(uintptr_t address, size_t length)',
  // One function with three types: copy to an address, copy from an address, find an address.
  copyTo: 'uintptr_t memmove(uintptr_t to, const void *from, size_t length)',
  copyFrom: 'uintptr_t memmove(void *to, uintptr_t from, size_t length)',
  addressOf: 'uintptr_t memmove(const void *to, const void *from, size_t length)',
}

const LINUX_DECLARATIONS = {
  memfd: 'int memfd_create(const char *name, uint32_t flags)',
  ftruncate: 'int ftruncate(int fd, int64_t length)',
  madvise: 'int madvise(uintptr_t address, size_t length, int advice)',
}

type CFunction = ReturnType<ReturnType<typeof Koffi.load>['func']>
type CFunctions = {
  readonly [K in keyof typeof DECLARATIONS | keyof typeof LINUX_DECLARATIONS]: CFunction
}

export const LINUX: boolean = process.platform === 'linux'

function load() {
  const library = ffi().load(LINUX ? null : '/usr/lib/libSystem.B.dylib')
  const declarations = { ...DECLARATIONS, ...(LINUX ? LINUX_DECLARATIONS : {}) }
  const functions = Object.entries(declarations).map(([name, text]) => [name, library.func(text)])
  return { library, functions: Object.fromEntries(functions) as CFunctions }
}

let loaded: ReturnType<typeof load> | undefined

/** The functions, loaded on first use. On macOS those of `LINUX_DECLARATIONS` are missing. */
export function libc(): CFunctions {
  loaded ??= load()
  return loaded.functions
}

/** The memory of a variable of the C library. */
export function libcVariable(name: string, bytes: number): ArrayBuffer {
  loaded ??= load()
  return ffi().view(loaded.library.symbol(name), bytes)
}

/** The error of the native call that has just failed, with a `code` as in Node's, e.g. `EMFILE`. */
export function systemError(syscall: string): NodeJS.ErrnoException {
  const errno = -ffi().errno()
  const code = errno < 0 ? getSystemErrorName(errno) : 'unknown error'
  return Object.assign(new Error(`${syscall} ${code}`), { errno, code, syscall })
}

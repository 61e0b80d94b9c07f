export { ffi } from './ffi.ts'
export { closeFd, duplicateFd, makeMemoryFile, Poller, SOCK_STREAM, socketpair, systemError } from './posix.ts'
export { type InProcessKind, startInProcess, startInProcessNow, sweepInProcess } from './runtime.ts'
export { SyncEntry } from './sync-entry.ts'

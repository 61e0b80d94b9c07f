export { ffi } from './ffi.ts'
export { closeFd, duplicateFd, Poller, SOCK_STREAM, setBlocking, socketpair } from './posix.ts'
export { type InProcessKind, startInProcess, startInProcessNow, sweepInProcess } from './runtime.ts'
export { SyncEntry } from './sync-entry.ts'

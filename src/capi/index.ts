export { ffi } from './ffi.ts'
export { closeFd, duplicateFd, SOCK_STREAM, setBlocking, socketpair, waitReadable, waitWritable } from './posix.ts'
export { type InProcessKind, startInProcess, startInProcessNow, sweepInProcess } from './runtime.ts'
export { SyncEntry } from './sync-entry.ts'

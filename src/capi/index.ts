export { closeFd, SOCK_STREAM, setBlocking, socketpair, waitReadable } from './posix.ts'
export { type InProcessKind, startInProcess, startInProcessNow } from './runtime.ts'
export { SyncEntry } from './sync-entry.ts'

export { type Connection, connectionOf, stopReading } from './connection.ts'
export { connectWorker, connectWorkerNow, sweepPython } from './connections.ts'
export { avoidsNativeCalls, ffi } from './ffi.ts'
export { makeRoomForListeners } from './listeners.ts'
export { reapOnMainThread } from './main-thread.ts'
export {
  closeFd,
  duplicateFd,
  makeMemoryFile,
  Poller,
  reap,
  SOCK_STREAM,
  silenceStderr,
  socketpair,
  systemError,
} from './posix.ts'
export { type InProcessKind, startInProcess, startInProcessNow, whyNotInProcess } from './runtime.ts'
export { SyncEntry } from './sync-entry.ts'
export { nap, napAfter, readNow, waitUntil } from './waiting.ts'

export { ffi } from './ffi.ts'
export { makeRoomForListeners } from './listeners.ts'
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
export { type InProcessKind, startInProcess, startInProcessNow, sweepInProcess, whyNotInProcess } from './runtime.ts'
export { SyncEntry } from './sync-entry.ts'

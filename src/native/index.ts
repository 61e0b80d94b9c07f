export { connectWorker, connectWorkerNow, sweepPython } from './connections.ts'
export { type InProcessKind, startInProcess, startInProcessNow } from './control-socket.ts'
export { checkDescriptorCalls, readNow, writeNow } from './descriptors.ts'
export { makeRoomForListeners } from './exit-listeners.ts'
export { avoidsNativeCalls, loadNativeCalls, makesNativeCalls } from './ffi.ts'
export {
  canMakeMemoryFiles,
  closeFd,
  duplicateFd,
  makeMemoryFile,
  Poller,
  reap,
  SOCK_STREAM,
  silenceStderr,
  socketpair,
} from './libc.ts'
export { reapOnMainThread } from './main-thread.ts'
export {
  addressOf,
  copyOf,
  discardPages,
  isSealed,
  makeSealedFile,
  mapFile,
  mapPrivate,
  memoryView,
  unmap,
  writeMemory,
} from './memory.ts'
export { whyNotInProcess } from './runtime.ts'
export { type Connection, connectionOf, stopReading } from './socket-descriptor.ts'
export { SyncEntry } from './sync-entry.ts'
export { nap, napAfter, waitUntil } from './waiting.ts'

export { SyncPython } from './python.ts'
export { syncSource } from './source.ts'

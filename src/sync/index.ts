export { connectSync } from './connect.ts'
export { SyncPython } from './python.ts'

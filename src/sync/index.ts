export { connectSync } from './connection.ts'
export { SyncPython } from './python.ts'

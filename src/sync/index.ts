export { EntryConnection, SocketConnection, type SyncConnection, type SyncTools } from './connection.ts'
export { SyncPython } from './python.ts'

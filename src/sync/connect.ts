import type { SyncEndpoint } from '../isolation/index.ts'
import type { SyncConnection, SyncTools } from './connection.ts'
import { EntryConnection } from './entry-connection.ts'
import { SocketConnection } from './socket-connection.ts'

/**
 * Connects to what serves sync calls. @throws `ERR_PYTHREADS_WORKER_START`, and what its modules
 * raise
 */
export function connectSync(endpoint: SyncEndpoint, tools: SyncTools): SyncConnection {
  return 'entry' in endpoint
    ? new EntryConnection(endpoint.entry, endpoint.scope)
    : new SocketConnection(endpoint, tools)
}

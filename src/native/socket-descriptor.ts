import type { Socket } from 'node:net'

/** A socket of Node's, and its descriptor, which stays Node's. */
export interface Connection {
  readonly socket: Socket
  readonly fd: number
}

/**
 * What Node's documentation does not name, and all its versions have on the systems that have
 * descriptors.
 */
interface Handle {
  readonly fd?: number
  reading?: boolean
  readStop?(): unknown
}

function handleOf(socket: Socket): Handle {
  return (socket as unknown as { _handle?: Handle | null })._handle ?? {}
}

/** The descriptor of a socket; -1 where it has none. */
export function connectionOf(socket: Socket): Connection {
  return { socket, fd: handleOf(socket).fd ?? -1 }
}

/** Has the event loop leave alone what comes to a socket. It has read nothing yet. */
export function stopReading(socket: Socket): void {
  const handle = handleOf(socket)
  handle.reading = false
  handle.readStop?.()
}

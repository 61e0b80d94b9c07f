import type { Socket } from 'node:net'

/** A socket of Node and its descriptor. Node owns the descriptor and closes it with the socket. */
export interface Connection {
  readonly socket: Socket
  readonly fd: number
}

/** The undocumented `_handle` of a socket: Node 20 to 26 have it on Linux and macOS. */
interface Handle {
  readonly fd?: number
  reading?: boolean
  readStop?(): unknown
}

function handleOf(socket: Socket): Handle {
  return (socket as unknown as { _handle?: Handle | null })._handle ?? {}
}

/** Adds the descriptor to a socket; -1 where there is none. */
export function connectionOf(socket: Socket): Connection {
  return { socket, fd: handleOf(socket).fd ?? -1 }
}

/** Keeps the event loop from reading a socket, so that a blocked thread can read it itself. */
export function stopReading(socket: Socket): void {
  const handle = handleOf(socket)
  handle.reading = false
  handle.readStop?.()
}

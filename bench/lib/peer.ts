import { createRequire } from 'node:module'
import { join } from 'node:path'
import { PEERS_FOLDER } from './folders.ts'

/**
 * Loads a peer (each of them can be required) from where it was installed. Its types are those that
 * the driver writes down.
 */
export function requirePeer<T>(name: string): T {
  return from(name)(name) as T
}

function from(name: string): NodeJS.Require {
  return createRequire(join(PEERS_FOLDER, name, 'package.json'))
}

import { dirname } from 'node:path'
import type { Driver } from '../lib/engine.ts'
import { requirePeer } from '../lib/peer.ts'
import { type ConcurrentC, engineOf } from './concurrent-c.ts'

/** In this process. */
export const driver: Driver = {
  async load() {
    const library = requirePeer<ConcurrentC>('concurrent-c-python')
    return async ({ python }) => {
      library.usePython(dirname(dirname(python)))
      return engineOf(library, [library.create()], false)
    }
  },
}

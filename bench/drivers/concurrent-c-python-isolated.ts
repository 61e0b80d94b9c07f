import type { Driver } from '../lib/engine.ts'
import { requirePeer } from '../lib/peer.ts'
import { type ConcurrentC, engineOf, openDomains } from './concurrent-c.ts'

/** A child process a worker, which take turns. */
export const driver: Driver = {
  maxWorkers: 200,
  async load() {
    const library = requirePeer<ConcurrentC>('concurrent-c-python')
    return async (options) => engineOf(library, openDomains(library, options), true)
  },
}

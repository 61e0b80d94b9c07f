import { AsyncResource } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'
import { debuglog } from 'node:util'
import { CHANNELS } from './channels.ts'
import type { CallEvents, PoolEvents } from './events.ts'

const log = debuglog('pythreads')

/**
 * Tells what happens: to the listeners of a pool, to the subscribers of channels, and to stderr by
 * `NODE_DEBUG=pythreads`.
 */
export class Observer {
  readonly #pool: EventEmitter
  /** In which listeners run, whoever's call it is that something happens with. */
  readonly #context = new AsyncResource('PYTHREADS_POOL')

  /** `pool`: whose events it tells. */
  constructor(pool: EventEmitter) {
    this.#pool = pool
  }

  tell<K extends keyof PoolEvents>(event: K, details: PoolEvents[K]): void {
    log('%s %o', event, details)
    if (CHANNELS[event].hasSubscribers) CHANNELS[event].publish({ pool: this.#pool, ...details })
    try {
      this.#context.runInAsyncScope(() => this.#pool.emit(event, details))
    } catch (error) {
      // A listener's error is the program's, not the pool's.
      process.nextTick(() => {
        throw error
      })
    }
  }

  /** Whether anybody wants to know of this; asked once a call. */
  hears(event: keyof CallEvents): boolean {
    return CHANNELS[event].hasSubscribers
  }

  publish<K extends keyof CallEvents>(event: K, details: CallEvents[K]): void {
    CHANNELS[event].publish({ pool: this.#pool, ...details })
  }
}

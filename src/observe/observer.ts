import { AsyncResource } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'
import { debuglog } from 'node:util'
import { CHANNELS } from './channels.ts'
import type { CallEvents, PoolEvents } from './events.ts'

const log = debuglog('pythreads')

/**
 * Reports what happens in a pool: to its listeners, to the subscribers of channels, and on stderr
 * with `NODE_DEBUG=pythreads`.
 */
export class Observer {
  readonly #pool: EventEmitter
  /** Listeners run in this context, not in that of the call which happened to cause the event. */
  readonly #context = new AsyncResource('PYTHREADS_POOL')

  /** `pool`: the `Python` whose events are reported. */
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

  /** Whether the channel of this event has subscribers; called once for each call. */
  hears(event: keyof CallEvents): boolean {
    return CHANNELS[event].hasSubscribers
  }

  publish<K extends keyof CallEvents>(event: K, details: CallEvents[K]): void {
    CHANNELS[event].publish({ pool: this.#pool, ...details })
  }
}

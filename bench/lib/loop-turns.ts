// How long the turns of the event loop take, by the clock and by the processor time of this thread.
import { PerformanceObserver } from 'node:perf_hooks'
import koffi from 'koffi'

/** The longest turns, in ms. */
export interface LongestTurns {
  /** By the clock: what else the machine does meanwhile is in it. */
  readonly wall: number
  /** Of this thread's processor time, with that of the garbage collector. */
  readonly cpu: number
  /** Of its processor time, of the turns in which the garbage collector had no part. */
  readonly cpuWithoutGc: number
}

interface Turn {
  readonly begin: number
  readonly wall: number
  readonly cpu: number
}

/** The observer of the garbage collector is told later. */
const LAST_NEWS_MS = 50
/** Turns below this are not looked at one by one. */
const SHORT_MS = 1

/** Measures each turn of the event loop from its making until `stop`. */
export class LoopTurns {
  readonly #turns: Turn[] = []
  readonly #collections: { readonly startTime: number; readonly duration: number }[] = []
  readonly #observer = new PerformanceObserver((list) =>
    this.#collections.push(...list.getEntries()),
  )
  #measures = true

  constructor() {
    this.#observer.observe({ entryTypes: ['gc'] })
    this.#measure(performance.now(), threadMs())
  }

  async stop(): Promise<LongestTurns> {
    this.#measures = false
    await new Promise((resolve) => setTimeout(resolve, LAST_NEWS_MS))
    this.#observer.disconnect()
    const withoutGc = this.#turns
      .filter(({ cpu }) => cpu > SHORT_MS)
      .filter((turn) => !this.#hasCollection(turn))
    return {
      wall: longest(this.#turns.map(({ wall }) => wall)),
      cpu: longest(this.#turns.map(({ cpu }) => cpu)),
      cpuWithoutGc: longest(withoutGc.map(({ cpu }) => cpu)),
    }
  }

  #measure(begin: number, cpuBegin: number): void {
    setImmediate(() => {
      const [end, cpuEnd] = [performance.now(), threadMs()]
      this.#turns.push({ begin, wall: end - begin, cpu: cpuEnd - cpuBegin })
      if (this.#measures) this.#measure(end, cpuEnd)
    })
  }

  #hasCollection({ begin, wall }: Turn): boolean {
    return this.#collections.some(
      ({ startTime, duration }) => startTime < begin + wall && startTime + duration > begin,
    )
  }
}

function longest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0)
}

const isLinux = process.platform === 'linux'
const CLOCK_THREAD_CPUTIME_ID = isLinux ? 3 : 16
const clockTime = koffi
  .load(isLinux ? null : '/usr/lib/libSystem.B.dylib')
  .func('int clock_gettime(int, void *)')
const clock = new BigInt64Array(2)

/** The processor time of this thread. `process.threadCpuUsage` is of Node 23.9 and newer. */
function threadMs(): number {
  clockTime(CLOCK_THREAD_CPUTIME_ID, clock)
  return Number(clock[0]) * 1e3 + Number(clock[1]) / 1e6
}

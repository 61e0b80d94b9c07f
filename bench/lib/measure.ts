// Clocks. Every measurement has a warm-up, in which the JIT and the library's own ways settle.

const LEAST_WARM_UP_MS = 30
const WARM_UP_SHARE = 0.3
/** The clock is read once in so many calls where a call can take less than the clock. */
const BATCH = 50
const LEAST_SAMPLES = 3

/** Calls a second on this thread. */
export function rate(ms: number, call: (id: number) => void): number {
  const run = (duration: number) => {
    const start = performance.now()
    let calls = 0
    do for (let i = 0; i < BATCH; i++) call(calls++)
    while (performance.now() - start < duration)
    return perSecond(calls, start)
  }
  run(warmUp(ms))
  return run(ms)
}

/** Calls a second of so many callers, each of which waits for its answer before it calls again. */
export async function rateAsync(ms: number, callers: number, call: (id: number) => Promise<unknown>): Promise<number> {
  const run = async (duration: number) => {
    const start = performance.now()
    let calls = 0
    const caller = async () => {
      do await call(calls++)
      while (performance.now() - start < duration)
    }
    await Promise.all(Array.from({ length: callers }, caller))
    return perSecond(calls, start)
  }
  await run(warmUp(ms))
  return await run(ms)
}

/** How long a call takes: the median, in ms. */
export async function medianMs(ms: number, call: () => unknown): Promise<number> {
  const run = async (duration: number, least: number) => {
    const start = performance.now()
    const samples: number[] = []
    while (samples.length < least || performance.now() - start < duration) {
      const begin = performance.now()
      const answer = call()
      if (answer instanceof Promise) await answer
      samples.push(performance.now() - begin)
      // What is freed by finalizers, and what else waits for a turn of the event loop, has its turn outside of the clock.
      await new Promise(setImmediate)
    }
    return middle(samples)
  }
  await run(warmUp(ms), 1)
  return await run(ms, LEAST_SAMPLES)
}

/** The longest time for which the event loop did not come round to a timer of 5 ms, beyond these 5 ms. */
export async function withLag<T>(task: () => Promise<T>): Promise<{ readonly result: T; readonly lagMs: number }> {
  const PERIOD_MS = 5
  let last = performance.now()
  let longest = 0
  const look = () => {
    const now = performance.now()
    longest = Math.max(longest, now - last - PERIOD_MS)
    last = now
  }
  const timer = setInterval(look, PERIOD_MS)
  try {
    const result = await task()
    look()
    return { result, lagMs: longest }
  } finally {
    clearInterval(timer)
  }
}

export function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const half = sorted.length >> 1
  const upper = sorted[half] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2
}

/** `json.dumps({ id })`, which the calls of most scenarios are for. */
export function check(answer: unknown, id: number): void {
  if (answer !== `{"id": ${id}}`) throw new Error(`a wrong answer for ${id}: ${String(answer)}`)
}

function warmUp(ms: number): number {
  return Math.max(LEAST_WARM_UP_MS, ms * WARM_UP_SHARE)
}

function perSecond(calls: number, start: number): number {
  return calls / ((performance.now() - start) / 1000)
}

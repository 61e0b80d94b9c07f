// Clocks. Every measurement has a warm-up, in which the JIT and the library's own ways settle: by
// how fast they get, not by how long the measurement is, since a short one would measure the
// interpreter of JavaScript.

const SLICE_MS = 50
/** It is warm when this long no slice was better than the best one before by more than so much. */
const SETTLED_MS = 300
const GROWTH = 1.03
const MOST_WARM_UP_MS = 1_500
/** The clock is read once in this number of calls where a call can take less than the clock. */
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
  const warmth = new Warmth()
  while (!warmth.isEnough) warmth.add(run(SLICE_MS))
  return run(ms)
}

type Call = (id: number) => Promise<unknown>

/** Calls a second of callers that each wait for a result before the next call. */
export async function rateAsync(ms: number, callers: number, call: Call): Promise<number> {
  await warmUp(() => callAll(SLICE_MS, callers, call))
  return await callAll(ms, callers, call)
}

async function callAll(ms: number, callers: number, call: Call): Promise<number> {
  const start = performance.now()
  let calls = 0
  const caller = async () => {
    do await call(calls++)
    while (performance.now() - start < ms)
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return perSecond(calls, start)
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
      // What is freed by finalizers, and what else waits for a turn of the event loop, has its turn
      // outside of the clock.
      await new Promise(setImmediate)
    }
    return middle(samples)
  }
  await warmUp(async () => 1 / (await run(SLICE_MS, 1)))
  return await run(ms, LEAST_SAMPLES)
}

/** More than can be made in the time that there is; what is not used is never touched. */
const MOST_DURATIONS = 2_000_000
const TIMES_FOR_ENOUGH = 3

/**
 * How long each call took, in ms. Goes on for up to three times as long where there are not enough
 * of them.
 */
export async function durations(
  {
    ms,
    callers,
    enough,
  }: { readonly ms: number; readonly callers: number; readonly enough: number },
  call: Call,
): Promise<Float64Array> {
  await warmUp(() => callAll(SLICE_MS, callers, call))
  const taken = new Float64Array(MOST_DURATIONS)
  const begun = performance.now()
  let calls = 0
  let done = 0
  const caller = async () => {
    let end = 0
    do {
      const begin = performance.now()
      await call(calls++)
      end = performance.now()
      taken[done++] = end - begin
    } while (calls < MOST_DURATIONS && end - begun < (done < enough ? TIMES_FOR_ENOUGH * ms : ms))
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return taken.subarray(0, done)
}

/** What reading the clock costs. */
export function clockMs(): number {
  const READS = 100_000
  const begin = performance.now()
  for (let i = 0; i < READS; i++) performance.now()
  return (performance.now() - begin) / READS
}

/**
 * The longest time for which the event loop did not come round to a timer of 5 ms, beyond these 5
 * ms.
 */
export async function withLag<T>(
  task: () => Promise<T>,
): Promise<{ readonly result: T; readonly lagMs: number }> {
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

/** How late a timer of 5 ms is while a task goes on, in ms. */
export async function lateness(
  task: () => Promise<unknown>,
): Promise<{ readonly p99: number; readonly max: number }> {
  const PERIOD_MS = 5
  const late: number[] = []
  let goesOn = true
  const looking = (async () => {
    while (goesOn) {
      const set = performance.now()
      await new Promise((resolve) => setTimeout(resolve, PERIOD_MS))
      late.push(performance.now() - set - PERIOD_MS)
    }
  })()
  await task()
  goesOn = false
  await looking
  late.sort((a, b) => a - b)
  return { p99: late[Math.floor(late.length * 0.99)] ?? Number.NaN, max: late.at(-1) ?? Number.NaN }
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

/** Goes on until the speed of a slice, in any unit, stops growing. */
export async function warmUp(slice: () => Promise<number>): Promise<void> {
  const warmth = new Warmth()
  while (!warmth.isEnough) warmth.add(await slice())
}

/** Takes the speed of one slice after the other until they stop growing. */
class Warmth {
  readonly #begun = performance.now()
  #now = this.#begun
  #best = 0
  #bestAt = this.#begun

  add(speed: number): void {
    this.#now = performance.now()
    if (speed <= this.#best * GROWTH) return
    this.#best = speed
    this.#bestAt = this.#now
  }

  get isEnough(): boolean {
    return this.#now - this.#bestAt >= SETTLED_MS || this.#now - this.#begun >= MOST_WARM_UP_MS
  }
}

function perSecond(calls: number, start: number): number {
  return calls / ((performance.now() - start) / 1000)
}

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { spinFirst } from '../../src/platform/blocking-spin.ts'

const CORES = 2
const SLICE_MS = 50

/** A wait for something; each look takes 10 µs. Tells for how long it was asked to wait. */
function waiting(comesAt = 0) {
  const asked: number[] = []
  const wait = (timeoutMs: number) => {
    asked.push(timeoutMs)
    vi.advanceTimersByTime(timeoutMs === 0 ? 0.01 : timeoutMs)
    return performance.now() >= comesAt
  }
  return {
    wait,
    asked,
    /** Waits for what comes so much later. Answers whether it slept. */
    sleepsFor(ms: number, look: (timeoutMs: number) => boolean): boolean {
      comesAt = performance.now() + ms
      asked.length = 0
      expect(look(SLICE_MS)).toBe(true)
      return asked.includes(SLICE_MS)
    },
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a wait that stays awake for a moment', () => {
  it('does not sleep for what comes at once', () => {
    const { wait, sleepsFor } = waiting()
    const look = spinFirst(wait, CORES)
    for (let i = 0; i < 100; i++) expect(sleepsFor(0.03, look)).toBe(false)
  })

  it('sleeps for what takes longer, and hardly looks before when it always does', () => {
    const { wait, sleepsFor, asked } = waiting()
    const look = spinFirst(wait, CORES)
    let looks = 0
    for (let i = 0; i < 5000; i++) {
      expect(sleepsFor(20, look)).toBe(true)
      if (asked.length > 1) looks++
    }
    expect(looks).toBeGreaterThan(5000 / 80) // it is tried again, for ever
    expect(looks).toBeLessThan(5000 / 50)
  })

  it('stays awake each time again once that has paid', () => {
    const { wait, sleepsFor } = waiting()
    const look = spinFirst(wait, CORES)
    for (let i = 0; i < 3; i++) sleepsFor(20, look)
    let tries = 0
    while (sleepsFor(0.03, look)) expect(++tries).toBeLessThan(10)
    for (let i = 0; i < 10; i++) expect(sleepsFor(0.03, look)).toBe(false)
  })

  it('returns false when nothing came', () => {
    const { wait, asked } = waiting(Number.POSITIVE_INFINITY)
    expect(spinFirst(wait, CORES)(SLICE_MS)).toBe(false)
    expect(asked.at(-1)).toBe(SLICE_MS)
  })

  it('sleeps at once where there is one core', () => {
    const { wait, sleepsFor } = waiting()
    expect(sleepsFor(0.03, spinFirst(wait, 1))).toBe(true)
  })
})

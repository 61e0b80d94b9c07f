import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EventLoopSpin } from '../../src/platform/event-loop-spin.ts'

const CORES = 3

/** Whether the event loop stays awake now. */
function isAwake(): boolean {
  return vi.getTimerCount() > 0
}

/** A turn of the event loop, so much later. */
function turn(ms: number): void {
  vi.advanceTimersByTime(ms)
}

/**
 * Makes a call that is not answered in time. Answers whether the event loop stayed awake for it.
 */
function inVain(spin: EventLoopSpin): boolean {
  spin.sent(1)
  const awake = isAwake()
  for (let i = 0; i < 10 && isAwake(); i++) turn(1)
  spin.received(0)
  return awake
}

/** Makes a call that is answered at once. Answers whether the event loop stayed awake for it. */
function inTime(spin: EventLoopSpin): boolean {
  spin.sent(1)
  const awake = isAwake()
  spin.received(0)
  turn(0)
  return awake
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setImmediate', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a spinning event loop', () => {
  it('spins from a call to its reply', () => {
    const spin = new EventLoopSpin(CORES)
    expect(isAwake()).toBe(false)
    spin.sent(1)
    expect(isAwake()).toBe(true)
    spin.received(0)
    turn(0)
    expect(isAwake()).toBe(false)
  })

  it('goes on spinning while replies come in time', () => {
    const spin = new EventLoopSpin(CORES)
    expect(Array.from({ length: 100 }, () => inTime(spin))).not.toContain(false)
  })

  it('stops soon, and spins rarely for calls that take long', () => {
    const spin = new EventLoopSpin(CORES)
    const kept = Array.from({ length: 5000 }, () => inVain(spin))
    expect(kept[0]).toBe(true)
    expect(isAwake()).toBe(false)
    expect(kept.filter(Boolean).length).toBeLessThan(5000 / 50)
    expect(kept.lastIndexOf(true)).toBeGreaterThan(4900) // it is tried again, for ever
  })

  it('spins for each call again after one reply in time', () => {
    const spin = new EventLoopSpin(CORES)
    for (let i = 0; i < 3; i++) inVain(spin)
    let tries = 0
    while (!inTime(spin)) expect(++tries).toBeLessThan(10)
    expect(Array.from({ length: 10 }, () => inTime(spin))).not.toContain(false)
  })

  it('spins only if a core is left', () => {
    const spin = new EventLoopSpin(CORES)
    spin.sent(CORES)
    expect(isAwake()).toBe(false)
    spin.received(CORES - 1)
    spin.sent(CORES - 1)
    expect(isAwake()).toBe(true)
    spin.sent(CORES)
    turn(0)
    expect(isAwake()).toBe(false)
  })

  it('never spins on one core', () => {
    const spin = new EventLoopSpin(1)
    expect(inVain(spin)).toBe(false)
  })
})

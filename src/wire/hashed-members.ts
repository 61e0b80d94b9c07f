import { REFUSED, refusal } from './refusals.ts'

/** Adds members to Maps and Sets that hostile bytes fill. */

/** V8's limit for a Map or a Set. */
export const MOST_MEMBERS: number = 2 ** 24

/** Adds a member to a Set, unless the Set is full. */
export function addTo(set: Set<unknown>, member: unknown): void {
  if (set.size >= MOST_MEMBERS) return
  if (set.size < TIMED_FROM || (set.size & EACH) !== 0) return void set.add(member)
  const began = performance.now()
  set.add(member)
  checkPace(performance.now() - began)
}

/** Adds an entry to a Map, unless the Map is full. */
export function setIn(map: Map<unknown, unknown>, key: unknown, value: unknown): void {
  if (map.size >= MOST_MEMBERS) return
  if (map.size < TIMED_FROM || (map.size & EACH) !== 0) return void map.set(key, value)
  const began = performance.now()
  map.set(key, value)
  checkPace(performance.now() - began)
}

/**
 * V8 hashes numbers without a seed, and only the lowest 64 bits of a bigint: a worker can choose
 * keys that all have the same hash, and each new key is compared with all before it. So some
 * additions to large collections are timed. One takes less than a microsecond. When 64 timed ones
 * in a row take a hundred times as long, the keys are the reason: a slow machine, a garbage collection
 * or another process would slow down only some of them.
 */
const TIMED_FROM = 1024
const EACH = 15
const SLOW_MS = 0.05
const MOST_SLOW = 64
let slow = 0

function checkPace(ms: number): void {
  slow = ms > SLOW_MS ? slow + 1 : 0
  if (slow <= MOST_SLOW) return
  slow = 0
  throw refusal('has too many keys with the same hash', REFUSED, REFUSED)
}

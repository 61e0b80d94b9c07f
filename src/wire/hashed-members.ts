import { REFUSED, refusal } from './refusals.ts'

/** V8's limit for a Map or a Set. */
export const MOST_MEMBERS: number = 2 ** 24

/** Adds a member to a Set that has room for it. */
export function addTo(set: Set<unknown>, member: unknown): void {
  if (set.size >= MOST_MEMBERS) return
  if (set.size < TIMED_FROM || (set.size & EACH) !== 0) return void set.add(member)
  const began = performance.now()
  set.add(member)
  checkPace(performance.now() - began)
}

/** Adds an entry to a Map that has room for it. */
export function setIn(map: Map<unknown, unknown>, key: unknown, value: unknown): void {
  if (map.size >= MOST_MEMBERS) return
  if (map.size < TIMED_FROM || (map.size & EACH) !== 0) return void map.set(key, value)
  const began = performance.now()
  map.set(key, value)
  checkPace(performance.now() - began)
}

/**
 * V8 hashes numbers without a seed, and of a bigint the lowest 64 bits alone: who chooses the keys
 * can have each compared with all before it. So some members of large collections are timed. One
 * takes less than a microsecond. Where many in a row take a hundred times as long, neither a slow
 * machine nor a collection of garbage nor another process is the reason: those slow some of them
 * down.
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

/**
 * What Maps and Sets hold, read by the methods of this realm, which take those of any realm and see
 * past what a subclass overrides. A proxy that passes for a Map or a Set has only its own methods.
 * To try is quicker than to ask `util.types`.
 */

const { entries } = Map.prototype
const { values } = Set.prototype
const mapSize = getter(Map.prototype, 'size')
const setSize = getter(Set.prototype, 'size')
const { getTime } = Date.prototype

export function entriesOf(map: ReadonlyMap<unknown, unknown>): Iterable<[unknown, unknown]> {
  try {
    return entries.call(map)
  } catch {
    return map.entries()
  }
}

export function sizeOfMap(map: ReadonlyMap<unknown, unknown>): number {
  try {
    return mapSize.call(map)
  } catch {
    return map.size
  }
}

export function valuesOf(set: ReadonlySet<unknown>): Iterable<unknown> {
  try {
    return values.call(set)
  } catch {
    return set.values()
  }
}

export function sizeOfSet(set: ReadonlySet<unknown>): number {
  try {
    return setSize.call(set)
  } catch {
    return set.size
  }
}

/** The milliseconds of a Date of any realm. @throws `TypeError` when it is none */
export function timeOf(date: Date): number {
  return getTime.call(date)
}

function getter(prototype: object, name: string): () => number {
  return Object.getOwnPropertyDescriptor(prototype, name)?.get as () => number
}

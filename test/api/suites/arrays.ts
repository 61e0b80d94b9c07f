import type { Placement } from '../../support/placement.ts'
import { arrayFuzzSuite } from './array-fuzz.ts'
import { arrayLifetimeSuite } from './array-lifetimes.ts'
import { arrayMemorySuite } from './array-memory.ts'
import { arrayRefusalSuite } from './array-refusals.ts'
import { arrayResultSuite } from './array-results.ts'

/** Arrays, with numpy where it loads. */
export function arraySuite(place: Placement): void {
  const withNumpy = place.isolation !== 'subinterpreter' && place.packages !== null
  const arrays = {
    ...place,
    python: withNumpy && place.packages !== null ? place.packages : place.python,
  }
  arrayMemorySuite(arrays)
  arrayResultSuite(arrays)
  arrayLifetimeSuite(arrays)
  arrayRefusalSuite(arrays)
  if (withNumpy) arrayFuzzSuite(arrays)
}

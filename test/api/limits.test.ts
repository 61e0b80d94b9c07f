import { inPlacement } from '../support/placement.ts'
import { processOnlySuite, processSuite } from './suites/limits.ts'

inPlacement((place) => {
  if (place.isolation === 'process') processSuite(place)
  else processOnlySuite(place)
})

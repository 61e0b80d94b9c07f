import { inPlacementWhole, withPackages } from '../support/placement.ts'
import { tableSuite } from './suites/tables.ts'

inPlacementWhole((place) => {
  // Polars has no wheel for free-threaded builds.
  const polars = place.name.includes('without') ? [] : ['polars']
  tableSuite(withPackages(place), ['pandas', ...polars, 'pyarrow', 'batch'])
})

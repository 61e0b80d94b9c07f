import { inPlacementWhole, withPackages } from '../support/placement.ts'
import { packagedSuite } from './suites/packaged.ts'

inPlacementWhole((place) => packagedSuite(withPackages(place)))

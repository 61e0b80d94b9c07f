import { inPlacementWhole } from '../support/placement.ts'
import { mappingSuite } from './suites/mappings.ts'

inPlacementWhole(mappingSuite)

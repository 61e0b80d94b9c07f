import { inPlacement } from '../support/placement.ts'
import { mapSuite } from './suites/map.ts'

inPlacement(mapSuite)

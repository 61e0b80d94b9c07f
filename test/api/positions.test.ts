import { inPlacement } from '../support/placement.ts'
import { positionSuite } from './suites/positions.ts'

inPlacement(positionSuite)

import { inPlacement } from '../support/placement.ts'
import { targetSuite } from './suites/targets.ts'

inPlacement(targetSuite)

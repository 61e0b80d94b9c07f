import { inPlacement } from '../support/placement.ts'
import { loggingSuite } from './suites/logging.ts'

inPlacement(loggingSuite)

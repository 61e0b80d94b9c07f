import { inPlacement } from '../support/placement.ts'
import { conversionSuite } from './suites/conversions.ts'

inPlacement(conversionSuite)

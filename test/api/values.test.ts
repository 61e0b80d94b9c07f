import { inPlacement } from '../support/placement.ts'
import { valueSuite } from './suites/values.ts'

inPlacement(valueSuite)

import { inPlacement } from '../support/placement.ts'
import { outputSuite } from './suites/output.ts'

inPlacement(outputSuite)

import { inPlacement } from '../support/placement.ts'
import { callSuite } from './suites/calls.ts'

inPlacement(callSuite)

import { inPlacement } from '../support/placement.ts'
import { jsonSuite } from './suites/json.ts'

inPlacement(jsonSuite)

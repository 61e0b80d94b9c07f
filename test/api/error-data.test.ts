import { inPlacement } from '../support/placement.ts'
import { errorDataSuite } from './suites/error-data.ts'

inPlacement(errorDataSuite)

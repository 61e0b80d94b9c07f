import { inPlacement } from '../support/placement.ts'
import { errorSuite } from './suites/errors.ts'

inPlacement(errorSuite)

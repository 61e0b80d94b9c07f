import { inPlacement } from '../support/placement.ts'
import { objectSuite } from './suites/objects.ts'

inPlacement(objectSuite)

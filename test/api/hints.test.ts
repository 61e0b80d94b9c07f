import { inPlacement } from '../support/placement.ts'
import { hintSuite } from './suites/hints.ts'

inPlacement(hintSuite)

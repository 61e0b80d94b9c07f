import { inPlacement } from '../support/placement.ts'
import { madeSuite } from './suites/made.ts'

inPlacement(madeSuite)

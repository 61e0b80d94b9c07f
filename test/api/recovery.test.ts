import { inPlacement } from '../support/placement.ts'
import { recoverySuite } from './suites/recovery.ts'

inPlacement(recoverySuite)

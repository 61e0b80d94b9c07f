import { inPlacement } from '../support/placement.ts'
import { syncSuite } from './suites/sync.ts'

inPlacement(syncSuite)

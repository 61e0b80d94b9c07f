import { inPlacementWhole } from '../support/placement.ts'
import { syncAgainSuite } from './suites/sync-again.ts'

inPlacementWhole(syncAgainSuite)

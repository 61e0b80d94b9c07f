import { inPlacement } from '../support/placement.ts'
import { poolSuite } from './suites/pool.ts'

inPlacement(poolSuite)

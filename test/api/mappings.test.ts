import { inPlacement } from '../support/placement.ts'
import { mappingSuite } from './suites/mappings.ts'

inPlacement(mappingSuite)

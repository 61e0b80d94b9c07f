import { inPlacement } from '../support/placement.ts'
import { moduleSuite } from './suites/modules.ts'

inPlacement(moduleSuite)

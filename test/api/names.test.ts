import { inPlacement } from '../support/placement.ts'
import { nameSuite } from './suites/names.ts'

inPlacement(nameSuite)

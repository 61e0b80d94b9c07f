import { inPlacement } from '../support/placement.ts'
import { inlineSuite } from './suites/inline.ts'

inPlacement(inlineSuite)

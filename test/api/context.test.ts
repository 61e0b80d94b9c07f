import { inPlacement } from '../support/placement.ts'
import { contextSuite } from './suites/context.ts'

inPlacement(contextSuite)

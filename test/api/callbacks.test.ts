import { inPlacement } from '../support/placement.ts'
import { callbackSuite } from './suites/callbacks.ts'

inPlacement(callbackSuite)

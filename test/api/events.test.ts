import { inPlacement } from '../support/placement.ts'
import { eventSuite } from './suites/events.ts'

inPlacement(eventSuite)

import { inPlacement } from '../support/placement.ts'
import { callChannelSuite } from './suites/call-channels.ts'

inPlacement(callChannelSuite)

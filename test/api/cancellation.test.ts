import { inPlacement } from '../support/placement.ts'
import { cancellationSuite } from './suites/cancellation.ts'

inPlacement(cancellationSuite)

/**
 * Everything that holds in every placement, in this one: a process holds only one Python, so each
 * has a file of its own.
 */

import { placement } from '../support/placement.ts'
import { apiSuite } from './suites/api.ts'

apiSuite(placement('thread without a GIL'))

/**
 * Arrays that cross without copies, in this placement: a process holds only one Python, so each has
 * a file of its own.
 */

import { placement } from '../support/placement.ts'
import { arraySuite } from './suites/arrays.ts'

arraySuite(placement('thread without a GIL'))

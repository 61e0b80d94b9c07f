/** Arrays that cross without copies, in this placement: a process holds only one Python, so each has a file of its own. */
import { arraySuite } from './suites/arrays.ts'
import { placement } from './suites/placement.ts'

arraySuite(placement('subinterpreter'))

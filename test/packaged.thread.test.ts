/** Values of packages, in this placement: a process holds only one Python, so each has a file of its own. */
import { packaged } from './suites/packaged.ts'
import { placement, withPackages } from './suites/placement.ts'

packaged(withPackages(placement('thread')))

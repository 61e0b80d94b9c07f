/**
 * Values of packages, in this placement: a process holds only one Python, so each has a file of its
 * own.
 */

import { placement, withPackages } from '../support/placement.ts'
import { packaged } from './suites/packaged.ts'

packaged(withPackages(placement('process')))

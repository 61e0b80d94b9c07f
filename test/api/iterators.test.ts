import { inPlacement } from '../support/placement.ts'
import { iteratorSuite } from './suites/iterators.ts'

inPlacement(iteratorSuite)

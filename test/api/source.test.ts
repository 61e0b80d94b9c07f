import { inPlacement } from '../support/placement.ts'
import { sourceSuite } from './suites/source.ts'

inPlacement(sourceSuite)

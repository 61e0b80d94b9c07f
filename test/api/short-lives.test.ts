import { inPlacement } from '../support/placement.ts'
import { shortLifeSuite } from './suites/short-lives.ts'

inPlacement(shortLifeSuite)

import { inPlacement } from '../support/placement.ts'
import { arraySuite } from './suites/arrays.ts'

inPlacement(arraySuite)

import { inPlacementWhole } from '../support/placement.ts'
import { fromPythonSuite } from './suites/from-python.ts'

inPlacementWhole(fromPythonSuite)

/** What some isolations do and others do not. */
import { inPlacement } from '../support/placement.ts'
import {
  dyingWorkerSuite,
  multiprocessingSuite,
  onePythonSuite,
  refusingModuleSuite,
} from './suites/isolations.ts'

inPlacement((place) => {
  if (place.isolation === 'process') dyingWorkerSuite(place)
  if (place.isolation !== 'process') onePythonSuite(place)
  if (place.isolation === 'subinterpreter') refusingModuleSuite(place)
  if (place.isolation !== 'subinterpreter') multiprocessingSuite(place)
})

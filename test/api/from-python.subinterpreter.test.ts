/**
 * What Python makes on its way to JavaScript, in this placement: a process holds only one Python,
 * so each has a file of its own.
 */
import { describe } from 'vitest'
import { placement } from '../support/placement.ts'
import { fromPythonSuite } from './suites/from-python.ts'
import { mappingSuite } from './suites/mappings.ts'

const place = placement('subinterpreter')

describe(place.name, () => {
  fromPythonSuite(place)
  mappingSuite(place)
})

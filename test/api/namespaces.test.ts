import { inPlacement } from '../support/placement.ts'
import { namespaceSuite } from './suites/namespaces.ts'

inPlacement(namespaceSuite)

import { inPlacement } from '../support/placement.ts'
import { spawnedModuleSuite } from './suites/spawned-modules.ts'

inPlacement(spawnedModuleSuite)

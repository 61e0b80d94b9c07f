import { inPlacement } from '../support/placement.ts'
import { asyncioSuite } from './suites/asyncio.ts'

inPlacement(asyncioSuite)

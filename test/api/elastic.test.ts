import { inPlacement } from '../support/placement.ts'
import { elasticSuite } from './suites/elastic.ts'

inPlacement(elasticSuite)

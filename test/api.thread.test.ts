/** Everything that holds in every placement, in this one: a process holds only one Python, so each has a file of its own. */
import { apiSuite } from './suites/api.ts'
import { placement } from './suites/placement.ts'

apiSuite(placement('thread'))

/** Tables, in this placement: a process holds only one Python, so each has a file of its own. */
import { placement, withPackages } from '../support/placement.ts'
import { tables } from './suites/tables.ts'

tables(withPackages(placement('thread')), ['pandas', 'polars', 'pyarrow', 'batch'])

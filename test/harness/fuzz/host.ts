/**
 * A host that is attacked, which prints reports: `host.ts inside|processes JSON`. Who starts it
 * watches whether it goes on.
 */
import { writeSync } from 'node:fs'
import { inspect } from 'node:util'
import { fuzzInside } from './inside.ts'
import { fuzzProcesses } from './processes.ts'
import type { Report, Run } from './recorder.ts'

const [level, run = ''] = process.argv.slice(2)
const tell = (report: Report) => void writeSync(1, `${JSON.stringify(report)}\n`)
try {
  await (level === 'inside' ? fuzzInside : fuzzProcesses)(JSON.parse(run) as Run, tell)
  process.exit(0)
} catch (error) {
  writeSync(2, inspect(error)) // the listener for uncaught errors would hide it
  process.exit(1)
}

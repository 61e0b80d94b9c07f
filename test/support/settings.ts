import { NO_LIMITS, type WorkerSettings } from '../../src/isolation/index.ts'

/** The settings of a worker, for tests that need no particular ones. */
export const SETTINGS: WorkerSettings = {
  path: [],
  preload: [],
  scope: 1,
  output: 'inherit',
  warnings: false,
  limits: NO_LIMITS,
  memory: 1 << 30,
}

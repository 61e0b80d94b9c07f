import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { placement } from '../support/placement.ts'

const require = createRequire(import.meta.url)

it('values, options and errors are right inside jest, which runs tests in a realm of their own', async () => {
  const config = new URL('../jest/jest.config.json', import.meta.url).pathname
  const args = [
    '--experimental-vm-modules',
    '--no-warnings',
    require.resolve('jest/bin/jest'),
    '--config',
    config,
    '--ci',
    '--json',
  ]
  const env = { ...process.env, PYTHREADS_PYTHON: placement('process').python }
  const { stdout } = await promisify(execFile)(process.execPath, args, { env }).catch(
    (error) => error,
  )
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(stdout)
  expect([numPassedTests, numFailedTests], testResults[0]?.message).toEqual([3, 0])
})

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { exists } from '../attempt.ts'
import { PythreadsError } from '../errors/index.ts'
import { ownVariables, userSitePackages } from '../platform/index.ts'
import { execute } from './execute.ts'
import type { PythonFacts } from './facts.ts'
import { startupShadows } from './shadows.ts'

/**
 * Variables that change where Python finds its own library. Python ends the process when a wrong
 * value keeps it from initialising.
 */
const DANGEROUS = ['PYTHONHOME', 'PYTHONPATH', 'PYTHONPLATLIBDIR']
const TIMEOUT_MS = 20_000
const STARTED = 'pythreads started'

/**
 * Checks in a child process that a Python starts in this environment, where a variable or a file of
 * the user could prevent that. A failure in this process would be fatal: Python ends the process
 * when it cannot find its own library, or when the user's `sitecustomize` exits, and nothing can
 * end a start that waits for ever.
 *
 * @throws `ERR_PYTHREADS_PYTHON_BROKEN`; `ERR_PYTHREADS_WORKER_START` when the system has no
 * process to spare
 */
export async function checkEnvironment(
  facts: PythonFacts,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const env = ownVariables(environment)
  const reasons = [
    ...DANGEROUS.filter((name) => env[name]).map((name) => `${name}=${env[name]}`),
    ...customizations(facts, env),
  ]
  if (reasons.length === 0) return
  const { executable } = facts
  const { stdout, stderr, failure } = await execute(
    executable,
    ['-c', `print('\\n${STARTED}')`],
    TIMEOUT_MS,
    env,
  )
  if (stdout.split('\n').includes(STARTED)) return
  const what = `${executable} does not start with ${reasons.join(' ')}: ${failure ?? 'it ended with status 0'}`
  const said = [...stderr.trim().split('\n').slice(-5), ...startupShadows(env)].join('\n')
  throw new PythreadsError('ERR_PYTHREADS_PYTHON_BROKEN', `${what}\n${said}`)
}

/**
 * The user's own files that Python runs when it starts. `probe` did not run them, as it starts
 * Python with `-I`.
 */
function customizations(facts: PythonFacts, env: NodeJS.ProcessEnv): string[] {
  const isFramework = facts.basePrefix.includes('.framework/')
  const folder = userSitePackages(env, facts, isFramework)
  if (env['PYTHONNOUSERSITE'] || !exists(folder)) return []
  return readdirSync(folder)
    .filter((name) => /^(sitecustomize|usercustomize)\b|\.pth$/.test(name))
    .map((name) => join(folder, name))
}

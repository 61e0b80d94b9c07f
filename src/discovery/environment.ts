import { execFile } from 'node:child_process'
import { PythreadsError } from '../errors/index.ts'

/** Variables that change where Python finds its own library; when they are wrong, initialising it ends the process. */
const DANGEROUS = ['PYTHONHOME', 'PYTHONPATH', 'PYTHONPLATLIBDIR']
const TIMEOUT_MS = 20_000

/**
 * Makes sure that a Python starts in this environment, where something in it could prevent that. In-process initialisation
 * has no way back: Python ends the process when it cannot find its own library.
 *
 * @throws `ERR_PYTHREADS_PYTHON_BROKEN`
 */
export function checkEnvironment(executable: string, env: NodeJS.ProcessEnv = process.env): Promise<void> {
  const set = DANGEROUS.filter((name) => env[name])
  if (set.length === 0) return Promise.resolve()
  return new Promise((resolve, reject) => {
    execFile(executable, ['-c', 'pass'], { timeout: TIMEOUT_MS, encoding: 'utf8', env }, (error, _, stderr) => {
      if (error === null) return resolve()
      const what = `${executable} does not start with ${set.map((name) => `${name}=${env[name]}`).join(' ')}`
      reject(new PythreadsError('ERR_PYTHREADS_PYTHON_BROKEN', `${what}:\n${stderr.trim().split('\n').slice(-5).join('\n')}`))
    })
  })
}

import { PythreadsError } from '../errors/index.ts'
import { run } from './run.ts'
import { type Uv, uvEnvironment } from './uv.ts'

/** Has uv install a Python, e.g. `3.13`. Returns the path of its executable. */
export async function managedPython(
  uv: Uv,
  request: string,
  progress: (line: string) => void,
): Promise<string> {
  const env = uvEnvironment(process.env)
  const installed = await run(uv.path, ['python', 'install', request], { env, onLine: progress })
  const options = ['python', 'find', '--managed-python', '--no-project', request]
  const found = await run(uv.path, options, { env })
  const path = found.stdout.trim().split('\n').at(-1) ?? ''
  if (installed.failure === undefined && found.failure === undefined && path !== '') return path
  const { failure, stderr } = installed.failure === undefined ? found : installed
  throw new PythreadsError(
    'ERR_PYTHREADS_ENVIRONMENT',
    `uv python install ${request}: ${failure}\n${stderr}`,
  )
}

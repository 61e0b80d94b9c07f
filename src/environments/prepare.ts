import { type FoundPython, probe } from '../discovery/index.ts'
import { pythonIn } from '../platform/index.ts'
import { environmentsFolder } from './folder.ts'
import { resolveLock } from './lock.ts'
import { lockedOrAsked } from './locked-requirements.ts'
import { environmentOf } from './make.ts'
import { basePython } from './python.ts'
import { type Dependencies, specify } from './specification.ts'
import { type Progress, toolsOf } from './tools.ts'

/** What an environment is made of. */
export interface EnvironmentOptions {
  readonly dependencies: Dependencies
  /** The option `python`. */
  readonly python?: string | undefined
  /** Whether a lock file must say every version. */
  readonly frozen?: boolean
  readonly progress?: Progress | undefined
  readonly env?: NodeJS.ProcessEnv
}

const SILENT: Progress = () => {}

/**
 * Returns the Python of the environment for what is asked for, which is made if it is not there.
 *
 * @throws `ERR_PYTHREADS_ENVIRONMENT`, `ERR_PYTHREADS_LOCK`, and the errors of `findPython`
 */
export async function environmentPython(options: EnvironmentOptions): Promise<FoundPython> {
  const { dependencies, python, frozen = false, progress = SILENT, env = process.env } = options
  const asked = specify(dependencies)
  const what = lockedOrAsked(asked, frozen)
  const root = environmentsFolder(env)
  const tools = toolsOf(env, progress)
  const base = await basePython(python, asked, tools)
  const { folder } = await environmentOf({ root, python: base.facts, what, tools })
  const facts = await probe(pythonIn(folder))
  const source = `the environment for ${asked.name}, made with ${base.facts.executable} (${base.source})`
  return { facts, source, passedOver: base.passedOver }
}

/**
 * Resolves what is asked for. Returns the path of its lock file, and the text to write there.
 *
 * @throws `ERR_PYTHREADS_ENVIRONMENT`, and the errors of `findPython`
 */
export async function lockFileFor(
  options: Omit<EnvironmentOptions, 'frozen'>,
): Promise<{ readonly path: string; readonly text: string }> {
  const { dependencies, python, progress = SILENT, env = process.env } = options
  const asked = specify(dependencies)
  const tools = toolsOf(env, progress)
  const base = await basePython(python, asked, tools)
  return { path: asked.lockFile, text: await resolveLock(asked, base.facts, tools) }
}

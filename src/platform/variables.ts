import { own } from '../own.ts'

/**
 * Environment variables. Windows compares their names without case. `process.env` does so too, but
 * a copy of it does not, and may call PATH `Path`.
 */

/** Copies variables, to look them up by name: on Windows the names of the copy are in capitals. */
export function ownVariables(
  env: NodeJS.ProcessEnv,
  system: NodeJS.Platform = process.platform,
): NodeJS.ProcessEnv {
  if (system !== 'win32') return own(env)
  return own(
    Object.fromEntries(Object.entries(env).map(([name, value]) => [name.toUpperCase(), value])),
  )
}

/** Whether a variable is set. */
export function hasVariable(
  env: NodeJS.ProcessEnv,
  name: string,
  system: NodeJS.Platform = process.platform,
): boolean {
  return Object.hasOwn(ownVariables(env, system), name)
}

import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { attempt } from '../../attempt.ts'
import type { Host } from './host.ts'

/** The package that makes native calls. */
export interface Koffi {
  /** Whether it loads here, in this program. */
  readonly loads: boolean
  readonly version: string | null
  /** The folder that it is loaded from. */
  readonly folder: string | null
  readonly problem: string | null
  /** The command that mends the problem. */
  readonly command: string | null
  /** What does not work without it. */
  readonly needed: string
}

const NEEDED = "isolations 'thread' and 'subinterpreter', and arrays that processes share"

export function koffiOf({ runtime, platform, arch, permission }: Host): Koffi {
  const require = createRequire(import.meta.url)
  const path = attempt(() => require.resolve('koffi'))
  const folder = path === undefined ? null : dirname(path)
  const without = (problem: string, command: string | null = null): Koffi => ({
    ...{ loads: false, version: null, folder, problem, command, needed: NEEDED },
  })
  if (runtime !== 'node') return without(`it is not used in ${runtime}`)
  if (path === undefined) return without('it is not installed', 'npm install koffi')
  if (permission?.addons === false)
    return without('--permission forbids it', 'add --allow-addons to the options of Node')
  try {
    const { version } = require(path) as { version: string }
    return { loads: true, version, folder, problem: null, command: null, needed: NEEDED }
  } catch (error) {
    const [message = ''] = String((error as Error).message).split('\n')
    const binary = `@koromix/koffi-${platform}-${arch}`
    const hasBinary = attempt(() => createRequire(path).resolve(binary)) !== undefined
    return hasBinary
      ? without(message)
      : without(`its binary, ${binary}, is not installed`, `npm install ${binary}`)
  }
}

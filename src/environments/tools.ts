import { whyUnreachable } from './reachable.ts'
import { findUv, type Uv, uvEnvironment } from './uv.ts'

/**
 * What a step of {@link Progress} is about: fetching uv, installing a Python, waiting for another
 * process that makes the same environment, or making an environment.
 */
export type Step = 'uv' | 'python' | 'wait' | 'install'

/** Gets what happens while an environment is made: a line of text for each. */
export type Progress = (step: Step, text: string) => void

/** What making an environment uses; each is looked for at most once. */
export interface Tools {
  readonly env: NodeJS.ProcessEnv
  readonly progress: Progress
  /**
   * Finds uv, and fetches it if it is missing. `unreachable`: why nothing can be fetched.
   */
  uv(unreachable: string | undefined): Promise<Uv | undefined>
  whyNoUv(): string
  /** Why the package index cannot be reached. */
  unreachable(): Promise<string | undefined>
}

export function toolsOf(env: NodeJS.ProcessEnv, progress: Progress): Tools {
  let uv: Promise<Uv | undefined> | undefined
  let network: Promise<string | undefined> | undefined
  let whyNoUv = ''
  const find = async (unreachable: string | undefined) => {
    const missing: string[] = []
    const options = {
      env,
      progress: (line: string) => progress('uv', line),
      onMissing: (sentence: string) => missing.push(sentence),
    }
    try {
      const found = await findUv({ ...options, mayFetch: unreachable === undefined })
      whyNoUv = missing.map((sentence) => sentence.replace(/^uv: /, '')).join('; ')
      return found
    } catch (error) {
      whyNoUv = (error as Error).message
      return undefined
    }
  }
  return {
    env,
    progress,
    uv: (unreachable) => (uv ??= find(unreachable)),
    whyNoUv: () => whyNoUv,
    unreachable: () => (network ??= whyUnreachable(uvEnvironment(env))),
  }
}

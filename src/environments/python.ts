import {
  BY_DEPENDENCIES,
  type FoundPython,
  findPython,
  isLacking,
  probe,
  type VersionRange,
  versionRange,
} from '../discovery/index.ts'
import { PythreadsError } from '../errors/index.ts'
import { ownVariables } from '../platform/index.ts'
import { environmentError, indented } from './failure.ts'
import { managedPython } from './managed-python.ts'
import type { Specification } from './specification.ts'
import type { Tools } from './tools.ts'

/** What is installed where no version is asked for and there is no Python at all. */
const DEFAULT_REQUEST = '3.13'

/** A Python that this machine lacks. */
export interface LackingPython {
  /** What uv is asked for. */
  readonly request: string
  readonly error: PythreadsError
}

/**
 * Finds the Python that an environment is made with: as without `dependencies`, and with the
 * versions that the file asks for. A version that the machine lacks is installed by uv.
 *
 * @throws the errors of `findPython`, and `ERR_PYTHREADS_ENVIRONMENT`
 */
export async function basePython(
  option: string | undefined,
  what: Specification,
  tools: Tools,
): Promise<FoundPython> {
  const found = await existingPython(option, what, tools.env)
  if ('facts' in found) return found
  const installed = await install(found, tools)
  checkFits(installed, what)
  return installed
}

/** As {@link basePython}, and installs nothing. */
export async function existingPython(
  option: string | undefined,
  what: Specification,
  environment: NodeJS.ProcessEnv,
): Promise<FoundPython | LackingPython> {
  requiredRange(what)
  const named = option ?? (ownVariables(environment)['PYTHREADS_PYTHON'] || undefined)
  const wanted = option ?? (named === undefined ? what.requiresPython : undefined)
  try {
    const found = await findPython(wanted)
    checkFits(found, what)
    return found
  } catch (error) {
    if (!isLacking(error)) throw error
    const range = versionRange(named ?? what.requiresPython ?? '')
    return { request: range?.text ?? DEFAULT_REQUEST, error }
  }
}

/** @throws `ERR_PYTHREADS_ENVIRONMENT` */
function checkFits({ facts }: FoundPython, what: Specification): void {
  const { executable, release, version, isWrapper } = facts
  if (isWrapper === true) {
    throw environmentError(
      `${executable} is a program that starts a Python, and \`dependencies\` would start Python without it: install the packages for that Python, and leave \`dependencies\` out`,
    )
  }
  if (requiredRange(what)?.includes(version) === false) {
    throw environmentError(
      `${what.name} requires Python ${what.requiresPython}, and ${executable} is Python ${release}`,
    )
  }
}

/** The versions that a file asks for. */
function requiredRange({ name, requiresPython }: Specification): VersionRange | undefined {
  if (requiresPython === undefined) return undefined
  try {
    const range = versionRange(requiresPython)
    if (range !== undefined) return range
  } catch (error) {
    if (!(error instanceof PythreadsError)) throw error
  }
  throw environmentError(
    `${name}: \`requires-python\` is ${JSON.stringify(requiresPython)}, which is no range of versions`,
  )
}

async function install(
  { request, error: lacking }: LackingPython,
  tools: Tools,
): Promise<FoundPython> {
  const unreachable = await tools.unreachable()
  const uv = await tools.uv(unreachable)
  const failed = (reason: string, cause?: unknown) =>
    environmentError(
      [
        `Python ${request} is not on this machine, and could not be installed:`,
        `  - ${reason}`,
        lacking.message.replace(` ${BY_DEPENDENCIES}`, ''),
      ].join('\n'),
      cause,
    )
  if (uv === undefined) {
    const network = unreachable === undefined ? '' : `\n  - network: ${unreachable}`
    throw failed(`uv: ${tools.whyNoUv()}${network}`)
  }
  tools.progress('python', `Installing Python ${request} by uv ${uv.version}`)
  const line = (text: string) => tools.progress('python', text)
  let executable: string
  try {
    executable = await managedPython(uv, request, line, { env: tools.env, unreachable })
  } catch (error) {
    throw failed(`uv ${uv.version} (${uv.source}): ${indented((error as Error).message)}`, error)
  }
  const facts = await probe(executable)
  if (versionRange(request)?.includes(facts.version) === false)
    throw failed(`uv installed ${executable}, which is Python ${facts.release}`)
  return { facts, source: `Python ${request}, installed by uv`, passedOver: [] }
}

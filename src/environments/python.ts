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
import { ownVariables } from '../own.ts'
import { environmentError, indented } from './failure.ts'
import { managedPython } from './managed-python.ts'
import type { Specification } from './specification.ts'
import type { Tools } from './tools.ts'

/** What is installed where no version is asked for and there is no Python at all. */
const DEFAULT_REQUEST = '3.13'

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
  const required = requiredRange(what)
  const named = option ?? (ownVariables(tools.env)['PYTHREADS_PYTHON'] || undefined)
  const wanted = option ?? (named === undefined ? what.requiresPython : undefined)
  const found = await findPython(wanted).catch((error: unknown) => {
    if (!isLacking(error)) throw error
    return install(versionRange(named ?? what.requiresPython ?? ''), error, tools)
  })
  const { executable, release, version, isWrapper } = found.facts
  if (isWrapper === true) {
    throw environmentError(
      `${executable} is a program that starts a Python, and \`dependencies\` would start Python without it: install the packages for that Python, and leave \`dependencies\` out`,
    )
  }
  if (required?.includes(version) === false) {
    throw environmentError(
      `${what.name} requires Python ${what.requiresPython}, and ${executable} is Python ${release}`,
    )
  }
  return found
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
  range: VersionRange | undefined,
  lacking: PythreadsError,
  tools: Tools,
): Promise<FoundPython> {
  const request = range?.text ?? DEFAULT_REQUEST
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
  if (range !== undefined && !range.includes(facts.version))
    throw failed(`uv installed ${executable}, which is Python ${facts.release}`)
  return { facts, source: `Python ${request}, installed by uv`, passedOver: [] }
}

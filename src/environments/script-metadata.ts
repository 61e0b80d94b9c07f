import { parse } from 'smol-toml'
import { isRecord } from '../own.ts'
import { environmentError } from './failure.ts'

/** What a file of Python, or a pyproject.toml, says that it needs. */
export interface Needs {
  readonly requirements: readonly string[]
  readonly requiresPython: string | undefined
}

/** A block of metadata as PEP 723 defines it. */
const BLOCK = /^# \/\/\/ ([a-zA-Z0-9-]+)$\s((?:^#(?:| .*)$\s)+)^# \/\/\/$/gm

/**
 * Reads the block `# /// script` of a file of Python. `undefined`: it has none.
 *
 * @throws `ERR_PYTHREADS_ENVIRONMENT` when the block is not valid
 */
export function scriptNeeds(source: string, name: string): Needs | undefined {
  const text = source.replace(/\r\n?/g, '\n')
  const blocks = [...text.matchAll(BLOCK)].filter(([, type]) => type === 'script')
  if (blocks.length === 0) return undefined
  if (blocks.length > 1) throw environmentError(`${name} has more than one block # /// script`)
  const content = (blocks[0]?.[2] ?? '').replace(/^# ?/gm, '')
  const table = toml(content, `The block # /// script of ${name}`)
  return needs(table, name)
}

/**
 * Reads `[project]` of a pyproject.toml.
 *
 * @throws `ERR_PYTHREADS_ENVIRONMENT` when it does not say what the project depends on
 */
export function projectNeeds(source: string, name: string): Needs {
  const { project, tool } = toml(source, name)
  if (!isRecord(project)) throw environmentError(`${name} has no table [project]`)
  if (Array.isArray(project['dynamic']) && project['dynamic'].includes('dependencies'))
    throw environmentError(`${name} has dynamic dependencies, which only its build can tell`)
  const uv = isRecord(tool) && isRecord(tool['uv']) ? tool['uv'] : {}
  if (isRecord(uv['sources']) && Object.keys(uv['sources']).length > 0) {
    throw environmentError(
      `${name} has [tool.uv.sources], which pythreads does not read: write what uv makes of it into a file (uv export --format requirements.txt --no-emit-project -o requirements.txt), and name that file in \`dependencies\``,
    )
  }
  return needs(project, name)
}

function needs(table: Record<string, unknown>, name: string): Needs {
  const { dependencies = [], 'requires-python': requiresPython } = table
  const areTexts =
    Array.isArray(dependencies) && dependencies.every((one) => typeof one === 'string')
  if (!areTexts) throw environmentError(`${name}: \`dependencies\` is no array of strings`)
  if (requiresPython !== undefined && typeof requiresPython !== 'string')
    throw environmentError(`${name}: \`requires-python\` is no string`)
  return { requirements: dependencies, requiresPython }
}

function toml(text: string, name: string): Record<string, unknown> {
  try {
    return parse(text)
  } catch (cause) {
    throw environmentError(`${name} is not valid TOML: ${(cause as Error).message.trim()}`, cause)
  }
}

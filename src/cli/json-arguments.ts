import { buffer } from 'node:stream/consumers'
import { PythreadsError } from '../index.ts'
import { type Flags, JsonTemplate, json, notJson } from './flags.ts'

/** The flags for the arguments of a call. */
export interface ArgumentFlags {
  args: string | undefined
  kwargs: string | undefined
  text: boolean
}

export const argumentFlags: Flags<ArgumentFlags> = {
  args: {
    flags: '--args <json>',
    description: 'the arguments as a JSON array; - reads standard input',
    parse: json('array'),
  },
  kwargs: {
    flags: '--kwargs <json>',
    description: 'keyword arguments as a JSON object; - reads standard input',
    parse: json('object'),
  },
  text: {
    flags: '--text',
    description: 'take each argument as a text, not as JSON',
    default: false,
  },
}

/** The arguments and the keyword arguments as JSON. */
export interface JsonArguments {
  readonly args: JsonTemplate
  readonly kwargs: JsonTemplate
}

/**
 * Reads the arguments of a call. An argument that is JSON is that value, any other argument is a
 * text. An argument that only begins like JSON is an error: most likely it is misspelled. `-`
 * means standard input, and may appear once.
 *
 * @throws `ERR_PYTHREADS_USAGE`
 */
export async function readArguments(
  given: readonly string[],
  flags: ArgumentFlags,
): Promise<JsonArguments> {
  const { args, kwargs = '{}', text } = flags
  if (args !== undefined && given.length > 0)
    throw usage('arguments are given twice: one by one, and by --args')
  const dashes = [...given, args, kwargs].filter((one) => one === '-').length
  if (dashes > 1) throw usage('- means standard input, and can be given only once')
  const input = dashes === 1 ? await readInput() : ''
  const list =
    args ??
    `[${given.map((one) => argument(one === '-' ? input.replace(/\r?\n$/, '') : one, text)).join(', ')}]`
  return {
    args: template('--args', list, input, 'array'),
    kwargs: template('--kwargs', kwargs, input, 'object'),
  }
}

/** @throws `ERR_PYTHREADS_INPUT` when standard input is not UTF-8 */
async function readInput(): Promise<string> {
  const bytes = await buffer(process.stdin)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new PythreadsError('ERR_PYTHREADS_INPUT', 'standard input is not UTF-8')
  }
}

function argument(given: string, isText: boolean): string {
  if (isText) return JSON.stringify(given)
  try {
    JSON.parse(given)
    return given
  } catch (error) {
    if (!/^\s*[[{"]/.test(given)) return JSON.stringify(given)
    throw usage(
      `the argument ${shown(given)} begins like JSON and is not valid: ${(error as Error).message}. To pass it as a text, add --text`,
    )
  }
}

function template(
  flag: string,
  given: string,
  input: string,
  kind: 'array' | 'object',
): JsonTemplate {
  const text = given === '-' ? input : given
  // other texts were checked when the flags were parsed
  const wrong = given === '-' ? notJson(text, kind) : undefined
  if (wrong !== undefined) throw usage(`${flag} from standard input: ${wrong}`)
  return new JsonTemplate(text)
}

const SHOWN = 60

function shown(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text
}

function usage(message: string): PythreadsError {
  return new PythreadsError('ERR_PYTHREADS_USAGE', message)
}

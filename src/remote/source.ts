import { PythreadsError } from '../errors/index.ts'

/** Python source in which names stand for the JavaScript values of a template. */
export interface Source {
  readonly text: string
  readonly names: readonly string[]
  readonly values: readonly unknown[]
}

/**
 * The arguments of `eval` and `exec`: a text, or a template. The values of a template are passed to
 * Python as variables; they are never pasted into the text. Indentation that all lines share is
 * removed.
 */
export type SourceArguments = [text: string] | [strings: TemplateStringsArray, ...values: unknown[]]

/**
 * Reads a text or a template. The names of values begin with `prefix`, which is lengthened until
 * the text does not contain it.
 */
export function readSource(args: SourceArguments, prefix: string): Source {
  const [first, ...values] = args
  if (typeof first === 'string') return { text: dedent(first), names: [], values: [] }
  if (!Array.isArray(first) || !('raw' in first)) {
    throw new PythreadsError(
      'ERR_PYTHREADS_ARGUMENT',
      `Python source is a string or a template; got ${typeof first}`,
    )
  }
  let name = prefix
  while (first.some((part) => part.includes(name))) name += '_'
  const names = values.map((_, i) => `${name}${i}`)
  const text = first.map((part, i) => part + (names[i] ?? '')).join('')
  return { text: dedent(text), names, values }
}

/**
 * Removes the indentation that all lines share: source in a template is indented with the
 * JavaScript code around it.
 */
function dedent(text: string): string {
  const indents = text
    .split('\n')
    .flatMap((line) => (line.trim() === '' ? [] : [/^[ \t]*/.exec(line)?.[0] ?? '']))
  let shared = indents[0] ?? ''
  for (const indent of indents) while (!indent.startsWith(shared)) shared = shared.slice(0, -1)
  return shared === ''
    ? text
    : text
        .split('\n')
        .map((line) => (line.startsWith(shared) ? line.slice(shared.length) : line))
        .join('\n')
}

import { ts } from './declarations.ts'

/** What a TSDoc comment says. */
export interface Comment {
  readonly text: string
  readonly tags: readonly Tag[]
}

interface Tag {
  readonly tag: string
  /** Of `@param` and `@typeParam`: which one. */
  readonly name: string
  readonly text: string
}

/**
 * The comment before a declaration. The compiler's own reader takes `{@link X}` after `@throws` for
 * a type.
 */
export function commentOf(node: ts.Node): Comment {
  const found = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).at(-1)
  const parts: { tag: string; lines: string[] }[] = [{ tag: '', lines: [] }]
  let fenced = false
  for (const line of linesOf(found?.getText() ?? '')) {
    const [, tag, rest = ''] = (fenced ? null : /^@(\w+)\s*(.*)$/.exec(line)) ?? []
    if (tag !== undefined) parts.push({ tag, lines: [rest] })
    else parts.at(-1)?.lines.push(line)
    if (line.startsWith('```')) fenced = !fenced
  }
  const [first, ...tags] = parts.map(({ tag, lines }) => ({ tag, text: lines.join('\n').trim() }))
  return { text: first?.text ?? '', tags: tags.map(read) }
}

function read({ tag, text }: { tag: string; text: string }): Tag {
  if (tag === 'example') return { tag, name: '', text }
  if (tag !== 'param' && tag !== 'typeParam') return { tag, name: '', text: ended(text) }
  const [, name = text, rest = ''] = /^(\w+) - (.*)$/s.exec(text) ?? []
  return { tag, name, text: ended(rest) }
}

function linesOf(comment: string): string[] {
  return comment
    .replace(/^\/\*\*|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*(?:\* ?)?/, '').trimEnd())
}

/** With a full stop at its end. */
export function ended(text: string): string {
  return text === '' || /[.:!?]$/.test(text) ? text : `${text}.`
}

/** How wide prose is. */
const WIDTH = 100
/** What no line break may divide: code, links, words, with the punctuation that follows. */
const UNBREAKABLE = /(?:`[^`]*`|\[(?:`[^`]*`|[^\]`])*\]\([^)]*\)|[^\s`[]|\[)+/g

/** The anchor that GitHub gives to a title. */
export function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\- _]/gu, '')
    .replaceAll(' ', '-')
}

/**
 * The prose of a comment with its lines wrapped anew. Fences stay as they are, lists keep their
 * items.
 */
export function wrap(text: string, indent = ''): string {
  const blocks: string[] = []
  let paragraph: string[] = []
  let fence: string[] | undefined
  const end = () => {
    if (paragraph.length > 0) blocks.push(filled(paragraph.join(' '), indent))
    paragraph = []
  }
  for (const line of text.split('\n')) {
    if (fence !== undefined) {
      fence.push(indent + line)
      if (line.startsWith('```')) {
        blocks.push(fence.join('\n'))
        fence = undefined
      }
    } else if (line.startsWith('```')) {
      end()
      fence = [indent + line]
    } else if (line.trim() === '') {
      end()
      blocks.push('')
    } else {
      if (line.startsWith('- ')) end()
      paragraph.push(line.trim())
    }
  }
  end()
  return blocks
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()
}

function filled(text: string, indent: string): string {
  const hanging = text.startsWith('- ') ? `${indent}  ` : indent
  const lines: string[] = []
  let line = indent
  for (const [word] of text.matchAll(UNBREAKABLE)) {
    const isFirst = line === indent || line === hanging
    if (!isFirst && line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = hanging + word
    } else {
      line += isFirst ? word : ` ${word}`
    }
  }
  return [...lines, line].join('\n')
}

/** Characters that Markdown would take for markup. In a comment such a word stands in backticks. */
export function markup(text: string): string[] {
  const prose = text.replace(/^```.*?^```$|`[^`]*`|\{@link\s[^}]*\}|^- /gms, '')
  return prose.match(/\S*[*_<>|]\S*/g) ?? []
}

export function codeBlock(code: string): string {
  return `\`\`\`ts\n${code}\n\`\`\``
}

/** A table of two columns; its cells are Markdown. */
export function table(
  head: readonly [string, string],
  rows: readonly (readonly [string, string])[],
): string {
  return [head, ['---', '---'], ...rows].map(([left, right]) => `| ${left} | ${right} |`).join('\n')
}

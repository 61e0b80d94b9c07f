/** The screen that the default output of a command fits on. */
export const ROWS = 24
export const COLUMNS = 80

/**
 * A text in lines of at most `COLUMNS` characters, broken between words, the later ones indented.
 */
export function wrapped(text: string, indent: number, hanging: number = indent): string[] {
  const lines: string[] = []
  let line = ' '.repeat(indent)
  let isEmpty = true
  for (const word of text.split(/\s+/)) {
    if (!isEmpty && line.length + 1 + word.length > COLUMNS) {
      lines.push(line)
      line = ' '.repeat(hanging)
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line]
}

/** The first `most` lines of a wrapped text; `...` marks where lines are left out. */
export function clipped(lines: readonly string[], most: number): string[] {
  if (lines.length <= most) return [...lines]
  const last = lines[most - 1] ?? ''
  const end =
    last.length + 4 <= COLUMNS ? last : last.slice(0, COLUMNS - 4).replace(/(?<=\S)\s+\S*$/, '')
  return [...lines.slice(0, most - 1), `${end} ...`]
}

/** A text in one line of at most `most` characters: its middle left out. */
export function fitted(text: string, most: number): string {
  if (text.length <= most) return text
  const tail = Math.ceil((most - 3) / 2)
  return `${text.slice(0, most - 3 - tail)}...${text.slice(-tail)}`
}

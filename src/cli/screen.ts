/** The screen that the default output must fit on. */
export const ROWS = 24
export const COLUMNS = 80

/** Wraps a text between words; later lines have the indent `hanging`. */
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

/** Cuts a wrapped text to `most` lines, and marks the cut with `...`. */
export function clipped(lines: readonly string[], most: number): string[] {
  if (lines.length <= most) return [...lines]
  const last = lines[most - 1] ?? ''
  const end =
    last.length + 4 <= COLUMNS ? last : last.slice(0, COLUMNS - 4).replace(/(?<=\S)\s+\S*$/, '')
  return [...lines.slice(0, most - 1), `${end} ...`]
}

/** Cuts the middle out of a text that is longer than `most` characters. */
export function fitted(text: string, most: number): string {
  if (text.length <= most) return text
  const tail = Math.ceil((most - 3) / 2)
  return `${text.slice(0, most - 3 - tail)}...${text.slice(-tail)}`
}

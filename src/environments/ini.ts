/** One section of a settings file, e.g. `[global]`. */
export interface Section {
  readonly name: string
  readonly values: ReadonlyMap<string, string>
}

/**
 * Reads settings in pip's format, as Python's `configparser` does: an indented line continues the
 * value above it. Keys are returned with dashes, in lower case.
 */
export function readIni(text: string): Section[] {
  const sections: { name: string; values: Map<string, string> }[] = []
  let key: string | undefined
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim()
    if (trimmed === '' || /^[#;]/.test(trimmed)) continue
    const values = sections.at(-1)?.values
    const heading = /^\[([^\]]+)\]/.exec(trimmed)
    if (/^\s/.test(line) && key !== undefined && values !== undefined) {
      values.set(key, `${values.get(key)}\n${trimmed}`.trim())
    } else if (heading !== null) {
      sections.push({ name: heading[1] ?? '', values: new Map() })
      key = undefined
    } else {
      const [, name, value = ''] = /^([^=:]+?)\s*[=:]\s*(.*)$/.exec(trimmed) ?? []
      key = name?.toLowerCase().replaceAll('_', '-')
      if (key !== undefined) values?.set(key, value)
    }
  }
  return sections
}

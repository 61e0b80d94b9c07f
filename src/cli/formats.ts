import { extname } from 'node:path'

export const FORMATS = ['jsonl', 'json', 'lines', 'csv', 'tsv'] as const

/** How records stand in a file. */
export type Format = (typeof FORMATS)[number]

const BY_EXTENSION: Readonly<Record<string, Format>> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.json': 'json',
  '.txt': 'lines',
  '.csv': 'csv',
  '.tsv': 'tsv',
  '.tab': 'tsv',
}

/** The format that a file's name tells, if it tells one. */
export function formatOf(path: string): Format | undefined {
  return BY_EXTENSION[extname(path).toLowerCase()]
}

/** As `formatOf`, for an output: anything may be written to a `.txt`. */
export function outputFormatOf(path: string): Format | undefined {
  const format = formatOf(path)
  return format === 'lines' ? undefined : format
}

/** Whether records have quotes, in which a line break ends no record, and begin with a header. */
export function isTable(format: Format): boolean {
  return format === 'csv' || format === 'tsv'
}

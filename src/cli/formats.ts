import { extname } from 'node:path'

export const FORMATS = ['jsonl', 'json', 'lines', 'csv', 'tsv'] as const

/** The format of the records in a file. */
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

/** The format that belongs to the ending of a file's name. */
export function formatOf(path: string): Format | undefined {
  return BY_EXTENSION[extname(path).toLowerCase()]
}

/** Like `formatOf`, for an output: a `.txt` file may get records of any format. */
export function outputFormatOf(path: string): Format | undefined {
  const format = formatOf(path)
  return format === 'lines' ? undefined : format
}

/** Whether a format has a header, and quoted fields that may contain line breaks. */
export function isTable(format: Format): boolean {
  return format === 'csv' || format === 'tsv'
}

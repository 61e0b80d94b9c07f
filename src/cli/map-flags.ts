import { count, type Flags } from './flags.ts'
import { FORMATS, type Format } from './formats.ts'
import { type PoolFlags, poolFlags, printFlag, timeoutFlag } from './pool-flags.ts'
import type { PrintTo } from './result-output.ts'

export interface MapFlags extends PoolFlags {
  input: string
  output: string
  format: Format | undefined
  outputFormat: Format | undefined
  onError: 'stop' | 'skip' | 'record'
  errors: string | undefined
  limit: number | undefined
  chunk: number | undefined
  unordered: boolean
  print: PrintTo
  quiet: boolean
}

export const flags: Flags<Omit<MapFlags, 'threads'>> = {
  input: {
    flags: '-i, --input <file>',
    description: 'the input; - is standard input',
    default: '-',
  },
  output: {
    flags: '-o, --output <file>',
    description: 'the output; - is standard output',
    default: '-',
  },
  format: {
    flags: '-f, --format <format>',
    description: 'format of the input; default: by its name, else jsonl',
    choices: FORMATS,
  },
  outputFormat: {
    flags: '--output-format <format>',
    description: 'format of the output; default: by its name, else --format',
    choices: FORMATS,
  },
  onError: {
    flags: '--on-error <what>',
    description: 'what to do when a record fails',
    choices: ['stop', 'skip', 'record'],
    default: 'stop',
  },
  errors: {
    flags: '--errors <file>',
    description: 'the file of --on-error record; default: OUTPUT.errors.jsonl',
  },
  limit: { flags: '--limit <n>', description: 'read only the first n records', parse: count },
  unordered: {
    flags: '--unordered',
    description: 'write each result as soon as it is ready',
    default: false,
  },
  chunk: {
    flags: '--chunk <n>',
    description: 'records that a worker gets at a time; default: measured',
    parse: count,
  },
  timeout: { ...timeoutFlag('a record'), conflicts: 'chunk' },
  print: printFlag,
  quiet: { flags: '-q, --quiet', description: 'print no progress and no summary', default: false },
  ...poolFlags,
}

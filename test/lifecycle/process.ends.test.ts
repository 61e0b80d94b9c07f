/**
 * A process ends as it would without Python, however it ends: with the same status or signal, the
 * same text on both streams, the same listeners called in the same order, and the same files
 * written. The program (test/fixtures/ends.ts) runs twice: as it is, and with an array of which
 * Python keeps the memory.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runNode } from '../support/child.ts'
import { placements } from '../support/pythons.ts'
import { scaled } from '../support/scale.ts'

const MODULE = new URL('../python/arrays.py', import.meta.url).pathname

interface Row {
  end: string
  flags?: string[]
  env?: NodeJS.ProcessEnv
}

/** Each of these is of another kind. */
const kinds: Row[] = [
  ...[
    'a natural end',
    'an exit code',
    'an exit code of a listener',
    'process.exit',
    'process.exit in a listener of exit',
  ],
  ...[
    'process.exit after beforeExit',
    'more work after beforeExit',
    'a listener of exit from a tick after beforeExit',
  ],
  ...[
    'a listener of exit from a listener of exit',
    'nine listeners of exit',
    'an error',
    'an error in a listener of exit',
  ],
  ...[
    'an error after beforeExit',
    'a rejection',
    'an error with a handler, after beforeExit',
    'an error in a domain',
  ],
  ...['a warning', 'an await that never settles', 'a thread that is alive', 'SIGTERM'],
].map((end) => ({ end }))

const flagged = (flags: string[], ends: string[]): Row[] => ends.map((end) => ({ end, flags }))

const quick: Row[] = [
  ...kinds,
  ...flagged(['--cpu-prof', '--trace-exit'], ['a natural end', 'an error after beforeExit']),
  ...flagged(['--unhandled-rejections=strict'], ['a rejection after beforeExit']),
  ...['a natural end', 'an error'].map((end) => ({ end, env: { NODE_V8_COVERAGE: '.' } })),
]

const full: Row[] = [
  ...quick,
  ...[
    ...[
      'an exit code of a listener of beforeExit',
      'process.exit with process.exitCode',
      'process.exit in a timer',
    ],
    ...['process.exit in a listener of beforeExit', 'more work after beforeExit, twice'],
    ...[
      'a listener of exit from a listener of beforeExit',
      'an error that is none',
      'an error with a cause',
    ],
    ...[
      'an error in a timer',
      'an error in a tick',
      'an error in a microtask',
      'an error in a listener of exit of an error',
    ],
    ...[
      'an error in a listener of beforeExit',
      'an error event',
      'a rejection with no error',
      'a rejection after beforeExit',
    ],
    ...[
      'a rejection that is handled late',
      'a rejection with a handler',
      'an error with a handler',
    ],
    ...[
      'an error with a handler that raises',
      'an error with a handler that exits',
      'an error with a monitor',
    ],
    ...[
      'an error with a capture callback',
      'an error in a domain without a handler',
      'a deprecation',
    ],
    ...[
      'a warning in a listener of exit',
      'much text',
      'much text and process.exit',
      'text in a listener of exit',
    ],
    ...[
      'a thread that raises',
      'a thread that exits',
      'process.exit beside a thread',
      'SIGINT',
      'SIGKILL',
    ],
    ...['SIGTERM with a handler', 'process.reallyExit'],
  ].map((end) => ({ end })),
  ...['strict', 'warn', 'none', 'warn-with-error-codes'].flatMap((mode) =>
    flagged([`--unhandled-rejections=${mode}`], ['a rejection', 'a rejection after beforeExit']),
  ),
  ...[
    '--cpu-prof',
    '--heap-prof',
    '--trace-exit',
    '--report-uncaught-exception',
    '--abort-on-uncaught-exception',
  ].flatMap((flag) =>
    flagged([flag], ['a natural end', 'process.exit', 'an error', 'an error after beforeExit']),
  ),
  ...flagged(['--trace-uncaught'], ['an error', 'a rejection']),
  ...flagged(['--throw-deprecation'], ['a deprecation']),
  ...flagged(['--trace-warnings'], ['a warning']),
  ...['process.exit', 'a thread that exits'].map((end) => ({
    end,
    env: { NODE_V8_COVERAGE: '.' },
  })),
  { end: 'a natural end', env: { NODE_OPTIONS: '--trace-exit' } },
]

/** Runs the program in a folder of its own. */
async function ending({ end, flags = [], env = {} }: Row, python?: object) {
  const cwd = mkdtempSync(join(tmpdir(), 'pythreads-ends-'))
  try {
    const args = JSON.stringify({ end, python })
    const ended = await runNode(
      [...flags, new URL('../../build/fixtures/ends.js', import.meta.url).pathname, args],
      { env, cwd },
    )
    const files = readdirSync(cwd).map((name) => name.replace(/[\d-]+.*(?=\.\w+$)/, '#'))
    return { ...ended, stderr: comparable(ended.stderr), files: files.sort() }
  } finally {
    rmSync(cwd, { recursive: true })
  }
}

/** What is printed, but for numbers that each process has of its own. */
function comparable(stderr: string): string {
  return stderr
    .replace(/\(node:\d+/g, '(node:#')
    .replace(/report\.\S+\.json/g, 'report')
    .replace(/0x[\da-f]+/g, '0x#')
}

const without = new Map<Row, ReturnType<typeof ending>>()

function endingWithoutPython(row: Row): ReturnType<typeof ending> {
  const known = without.get(row) ?? ending(row)
  without.set(row, known)
  return known
}

/** Only thread and subinterpreter isolation do anything that could change an end. */
const some = quick.filter(
  (row) => row.flags === undefined && ['a natural end', 'an error'].includes(row.end),
)

describe.each(placements)(
  'the process ends as without Python, $name',
  ({ name, isolation, python }) => {
    const rows = scaled(name.startsWith('thread (') ? quick : some, full)

    it.concurrent.each(rows)('$end, $flags $env', async (row) => {
      const expected = await endingWithoutPython(row)
      expect(await ending(row, { isolation, python, module: MODULE })).toEqual(expected)
    })
  },
)

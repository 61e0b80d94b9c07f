/**
 * Nothing that is printed is lost, whatever stdout is and however slow its reader. Each test is a
 * host of its own whose stdout nobody reads before it is full.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { placements } from '../support/pythons.ts'
import { scaled } from '../support/scale.ts'

const run = promisify(execFile)
const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const ROWS = 500

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pythreads-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** What a fixture prints into a stdout of a kind that is read late. */
async function read(
  python: string,
  kind: string,
  fixture: string,
  options: object,
): Promise<string> {
  const received = join(folder, `${kind}-${Math.random()}`)
  const host = [
    process.execPath,
    path(`../../build/fixtures/${fixture}.js`),
    JSON.stringify(options),
  ]
  const env = { ...process.env, NODE_OPTIONS: '' }
  await run(python, [path('../python/slow_reader.py'), kind, received, ...host], {
    env,
    maxBuffer: 1 << 24,
  })
  return readFile(received, 'latin1')
}

function text(way: string): string {
  const lines = Array.from({ length: ROWS }, (_, i) => `${way} ${i} ${'.'.repeat(80)}\n`)
  return `${lines.join('')}${way}${'-'.repeat(200_000)}\n`
}

const WAYS = ['prints', 'writes', 'writes_bytes', 'writes_descriptor', 'c_prints', 'child_prints']
const EXPECTED = `from node\n${WAYS.map(text).join('')}no end`

describe.each(placements)('output to a slow reader, $name', ({ isolation, python }) => {
  const kinds = ['pipe', 'socket', 'terminal', 'file']
  const ends = scaled(['exit'], ['exit', 'close', 'leave'])
  const cells = kinds.flatMap((kind) =>
    ends.flatMap((end) => [true, false].map((isLate) => ({ kind, end, isLate }))),
  )

  it.each(cells)(
    'is whole and in order: $kind, $end, opened by Node after Python: $isLate',
    async ({ kind, end, isLate }) => {
      const printed = await read(python, kind, 'output-whole', {
        isolation,
        python,
        rows: ROWS,
        isLate,
        end,
      })
      expect(printed.length).toBe(EXPECTED.length)
      expect(printed === EXPECTED).toBe(true)
    },
  )
})

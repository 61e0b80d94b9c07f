// A million records of about 200 bytes (a tenth of that in the quick suite): the output of
// `pythreads map` is that of a plain Python loop, byte for byte, and the program and its workers
// together stay below 400 MB. A failure of the first kind is a wrong or lost row; of the second,
// something that grows with the file.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from 'vitest'
import { startCli } from '../support/child.ts'
import { treeMemory } from '../support/memory.ts'
import { scaled } from '../support/scale.ts'

const RECORDS = scaled(100_000, 1_000_000)
const MOST_BYTES = 400e6
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'pythreads-million-'))
const [input, expected, output] = ['in.jsonl', 'expected.jsonl', 'out.jsonl'].map((name) =>
  join(folder, name),
) as [string, string, string]

afterAll(() => rmSync(folder, { recursive: true }))

it(`maps ${RECORDS.toLocaleString('en')} records right, in constant memory`, {
  timeout: 900_000,
}, async () => {
  execFileSync(
    process.execPath,
    [
      '--import',
      'tsx',
      'examples/rules/generate.ts',
      '--count',
      String(RECORDS),
      '--output',
      input,
    ],
    { cwd: root },
  )
  expect(statSync(input).size / RECORDS).toBeGreaterThan(150)
  execFileSync('python3', ['examples/rules/baseline.py', '--input', input, '--output', expected], {
    cwd: root,
  })
  const child = startCli([
    'map',
    './examples/rules/rules.py:evaluate',
    '--input',
    input,
    '--output',
    output,
  ])
  let peak = 0
  const sampler = setInterval(() => {
    peak = Math.max(peak, treeMemory(child.pid))
  }, 50)
  const { code, stderr } = await child.ended
  clearInterval(sampler)
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringContaining(`${RECORDS.toLocaleString('en')} records, 0 failed`),
  })
  execFileSync('cmp', [expected, output])
  expect(peak).toBeGreaterThan(10e6)
  expect(peak).toBeLessThan(MOST_BYTES)
  console.log(
    `peak memory of pythreads map and its workers: ${(peak / 1e6).toFixed(0)} MB; ${stderr.trim()}`,
  )
})

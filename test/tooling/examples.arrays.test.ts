// Why: examples/images and examples/table show what arrays and tables are for. Here they run as
// their READMEs say; what they print is checked against a sum that is worked out from the file
// itself.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, expect, it } from 'vitest'
import { notHere } from '../support/not-here.ts'
import { pythons } from '../support/pythons.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'pythreads-examples-'))
const python =
  pythons.find(({ packages, freeThreaded }) => packages !== null && !freeThreaded)?.packages ??
  notHere('Python with numpy')
const example = async (script: string, ...args: string[]) => {
  const node = ['--import', 'tsx', `examples/${script}`, '--python', python, ...args]
  return (
    await run(process.execPath, node, { cwd: root, env: { ...process.env, NODE_OPTIONS: '' } })
  ).stdout
}
afterAll(() => rmSync(folder, { recursive: true }))

it('photographs are resized and filtered, and what is none is refused', async () => {
  expect(await example('images/server.ts', '--demo', '--workers', '2')).toMatch(
    /20 pictures right, .* no photograph: 422/,
  )
})

it('orders are summed up by pandas as by polars, and rightly', async () => {
  const csv = join(folder, 'orders.csv')
  const pandas = await example('table/report.ts', '--generate', '5000', '--csv', csv)
  const polars = await example('table/report.ts', '--csv', csv, '--with', 'polars')
  expect(polars).toBe(pandas)
  const rows = readFileSync(csv, 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
  const paid = rows.filter(([, , , status]) => status === 'paid')
  const cents = paid.reduce((sum, [, , , , amount]) => sum + Math.round(Number(amount) * 100), 0)
  const ofRome = paid.filter(
    ([, ordered, city]) => city === 'Rome' && ordered?.startsWith('2025-02'),
  ).length
  expect(pandas).toContain(`Rome 2025-02: ${ofRome} orders`)
  expect(pandas).toContain(`total ${(cents / 100).toFixed(2)}, after a discount`)
  expect(pandas.trim().split('\n')).toHaveLength(4 * 3 + 1)
})

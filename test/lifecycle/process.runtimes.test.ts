// Process isolation works in Bun and Deno. `node scripts/runtimes.js` runs all its suites there.
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { gathered } from '../support/child.ts'
import { notHere } from '../support/not-here.ts'
import { placement } from '../support/placement.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
interface Runtime {
  readonly name: string
  readonly scope: string
  readonly binary: string
  readonly args: readonly string[]
}
const BUN: Runtime = { name: 'bun', scope: '@oven', binary: 'bin/bun', args: [] }
const DENO: Runtime = { name: 'deno', scope: '@deno', binary: 'deno', args: ['run', '-A'] }
const RUNTIMES = [BUN, DENO]

/** The path of a runtime, where scripts/runtimes.js has installed it. */
function installed({ name, scope, binary }: Runtime): string {
  const folder = join(root, '.cache/nodes', name, 'node_modules', scope)
  try {
    return join(folder, readdirSync(folder)[0] ?? '', binary)
  } catch {
    return notHere(`${name} (node scripts/runtimes.js --install)`)
  }
}

/** Runs a fixture in a runtime; returns what it printed. */
async function runIn(runtime: Runtime, fixture: string, ...more: string[]): Promise<string> {
  const { python } = placement('process')
  const program = join(root, 'build/fixtures', `${fixture}.js`)
  const child = spawn(installed(runtime), [...runtime.args, program, ...more], {
    env: { ...process.env, NODE_OPTIONS: '', PYTHREADS_PYTHON: python },
  })
  const { printed, ended } = gathered(child)
  expect(await ended).toMatchObject({ code: 0, stderr: '' })
  return printed.stdout
}

describe('in Deno, without the permission for native calls', () => {
  it('all except sync calls works', async () => {
    const allowed = ['run', 'read', 'write', 'env', 'sys'].map((name) => `--allow-${name}`)
    const args = ['run', '--no-prompt', ...allowed]
    const found = JSON.parse(await runIn({ ...DENO, args }, 'runtime-isolations'))
    expect(found).toMatchObject({ process: 'process', sync: 'ERR_PYTHREADS_RUNTIME' })
  })
})

describe.each(RUNTIMES)('in $name, process isolation', (runtime) => {
  it('does all that it does in Node, without koffi', async () => {
    const { values, loaded } = JSON.parse(await runIn(runtime, 'process-without-koffi', 'all'))
    expect(values.slice(0, 8)).toEqual([
      2,
      [0, 2, 4],
      'slept',
      'ERR_PYTHREADS_ABORTED',
      7,
      200_000,
      null,
      2,
    ])
    expect(values.slice(8)).toEqual([5, 300_000, [100_000, 3], 300_000, 20_000, [2, 3], null])
    expect(loaded).toEqual([])
  })

  it('is what auto takes, and the only one that starts', async () => {
    expect(JSON.parse(await runIn(runtime, 'runtime-isolations'))).toEqual({
      auto: 'process',
      thread: 'ERR_PYTHREADS_ISOLATION_UNAVAILABLE',
      subinterpreter: 'ERR_PYTHREADS_ISOLATION_UNAVAILABLE',
      process: 'process',
      sync: 42,
    })
  })
})

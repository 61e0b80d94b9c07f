// Why: examples/twenty-threads is the program that pythreads began with. Here it runs as its README
// says. The tests count lines and calls; how fast they came is up to the machine.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { placements } from '../support/pythons.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)
const example = async (...args: string[]) => {
  const node = ['--import', 'tsx', 'examples/twenty-threads/main.ts', ...args]
  const { stdout, stderr } = await run(process.execPath, node, {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  expect(stderr).toBe('')
  return stdout
}

describe.each(placements)(
  'the threads of examples/twenty-threads in $name',
  ({ name, python, isolation }) => {
    // All twenty where they are cheap. Elsewhere each thread starts interpreters or processes of
    // its own.
    const threads = isolation === 'thread' && !name.includes('without') ? 20 : 4
    const options = ['--python', python, '--isolation', isolation]
    const ids = Array.from({ length: threads }, (_, id) => id)

    it('each print a line with their id, with the lock and without it', async () => {
      const stdout = await example(...options, '--threads', `${threads}`, '--rounds', '1')
      const [locked = '', free = ''] = stdout.split('  without a lock:\n')
      expect(locked).toContain('  with a lock:\n')
      for (const part of [locked, free]) {
        const lines = [...part.matchAll(/^thread (\d+): (.*)$/gm)].map(
          ([, id, text]) => `${id} ${text}`,
        )
        expect(lines.sort()).toEqual(ids.map((id) => `${id} {"id": ${id}}`).sort())
        expect(part).toContain(`  ${threads} calls, 0 wrong\n`)
      }
    })

    it('count every call when they do not wait', async () => {
      const stdout = await example(...options, '--threads', '3', '--count', '--rounds', '5')
      const counts = [
        ...stdout.matchAll(
          /^ {2}(json\.dumps|wait 1 ms .*), (with|without) a lock: .* \((\d+) calls, 0 wrong\)$/gm,
        ),
      ]
      expect(counts.map(([, , lock, calls]) => [lock, Number(calls)])).toEqual(
        ['with', 'without', 'with', 'without'].map((lock) => [lock, 5 * 3]),
      )
    })
  },
)

it('examples/twenty-threads runs one loop alone where a lock is chosen, and refuses an isolation that does not exist', async () => {
  const python = placements[0]?.python ?? ''
  const alone = await example(
    '--python',
    python,
    ...'--isolation process --threads 1 --no-lock --rounds 2'.split(' '),
  )
  expect(alone.split('\n').slice(1)).toEqual([
    '  without a lock:',
    ...['thread 0: {"id": 0}', 'thread 0: {"id": 0}'],
    '  2 calls, 0 wrong',
    '',
  ])
  await expect(example('--isolation', 'fiber')).rejects.toMatchObject({ code: 1 })
})

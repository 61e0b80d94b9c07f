// What the program says of itself, and docs/cli.md of it: every option in a table, examples that
// run, hints where a word is wrong. Where a table of docs/cli.md differs from the options, the
// expected table is in the failure: copy it.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { runCli } from '../support/child.ts'
import { commands, flagTable } from '../support/cli-tables.ts'
import { Places } from '../support/places.ts'
import { shell } from '../support/shell.ts'

const page = readFileSync(fileURLToPath(new URL('../../docs/cli.md', import.meta.url)), 'utf8')
const { version } = JSON.parse(
  readFileSync(fileURLToPath(new URL('../../package.json', import.meta.url)), 'utf8'),
) as {
  version: string
}

const places = new Places()
afterAll(() => places[Symbol.dispose]())
places.file(
  'rules.py',
  'def score(event):\n    return {"id": event["id"], "score": event["id"] * 2}\n',
)
places.file('requirements.txt', '# none: the examples need no network\n')
places.file('events.jsonl', '{"id": 1}\n{"id": 2}\n{"id": 3}\n')

describe('docs/cli.md', () => {
  it.each(commands)('has the options of $name', ({ name, flags }) => {
    const [, table] =
      new RegExp(`<!-- flags ${name} -->\n(.*?)\n<!-- /flags -->`, 's').exec(page) ?? []
    expect(table).toBe(flagTable(flags))
  })

  it('has examples that work', async () => {
    const [, block = ''] = /```sh\n(.*?)```/s.exec(page) ?? []
    const ended = await shell(`set -e\n${block.replaceAll('npx pythreads', 'pythreads')}`, {
      cwd: places.root,
    })
    expect(ended).toMatchObject({ code: 0 })
    expect(ended.stdout).toMatch(/^\[\n 1,\n 2\n\]\n/)
    expect(readFileSync(places.path('decisions.csv'), 'utf8')).toBe(
      'id,score\r\n1,2\r\n2,4\r\n3,6\r\n',
    )
  })
})

describe('--help', () => {
  const examples = commands
    .filter(({ name }) => name !== 'tour')
    .flatMap((command) => command.examples)

  it.each(examples)('has an example that works: $line', async ({ line }) => {
    expect(await shell(`set -o pipefail; ${line}`, { cwd: places.root })).toMatchObject({ code: 0 })
  })

  it.each(commands)(
    'of $name fits into 80 columns, and has its options and examples',
    async ({ name, examples: [example] }) => {
      const { code, stdout, stderr } = await runCli([name, '--help'])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(stdout.split('\n').filter(({ length }) => length > 80)).toEqual([])
      expect(stdout).toContain(example?.line)
      expect(stdout).not.toContain('default: false')
    },
  )

  it('names every command, and the exit statuses', async () => {
    const { code, stdout } = await runCli(['--help'])
    expect(code).toBe(0)
    for (const { name, summary } of commands)
      expect(stdout).toMatch(new RegExp(`^ {2}${name} .*${summary.slice(0, 20)}`, 'm'))
    expect(stdout).toMatch(/Exit status: 0 .*1 .*2 .*130 /s)
  })
})

it('prints its version', async () => {
  expect(await runCli(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' })
})

it.each([
  [['rnu', 'math:sqrt'], 'run'],
  [['docter'], 'doctor'],
  [['run', 'math:sqrt', '4', '--thraeds', '2'], '--threads'],
  [['map', 'math:sqrt', '--ouput', 'x'], '--output'],
  [['doctor', '--imports', 'numpy'], '--import'],
])('suggests what was meant: %j', async (args, meant) => {
  const { code, stdout, stderr } = await runCli(args)
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain('[ERR_PYTHREADS_USAGE]')
  expect(stderr).toContain(`(Did you mean ${meant}?)`)
})

it('shows its help, with status 2, where no command is given', async () => {
  const { code, stderr } = await runCli([])
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('Usage: pythreads') })
})

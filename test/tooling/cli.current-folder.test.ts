/**
 * A folder that somebody is in may hold anybody's files: no command imports a module from it,
 * except for a target that is a file there, whatever the command runs to find a Python, to try
 * modules and to start workers.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { runCli } from '../support/child.ts'
import { Places } from '../support/places.ts'
import { pythons } from '../support/pythons.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())

const NAMES = [
  ...[
    'json',
    'os',
    'site',
    'sitecustomize',
    'usercustomize',
    'encodings',
    'marshal',
    'mmap',
    'ctypes',
    'threading',
    'struct',
    'types',
  ],
  ...[
    'sysconfig',
    'importlib',
    'multiprocessing',
    'asyncio',
    'traceback',
    'socket',
    'pythreads_kernel',
    'boot',
    'trial',
    'probe',
    'numpy',
  ],
]
const folder = places.folder('somewhere')
const log = places.file('log', '')
for (const name of NAMES)
  places.file(
    `somewhere/${name}.py`,
    `open(${JSON.stringify(log)}, 'a').write(${JSON.stringify(`${name}\n`)})\n`,
  )
places.file('somewhere/rows.jsonl', '[1]\n')
const quick = ['--count', '1', '--workers', '1']

describe.each([...new Set([pythons[0], pythons.at(-1)])])('with Python $release', (python) => {
  const executable = python?.executable ?? ''
  it.each([
    ['run', ['run', 'math:sqrt', '4']],
    ['run of a module of the standard library', ['run', 'json:dumps', '[1]']],
    [
      'map',
      [
        'map',
        'operator:itemgetter',
        '-i',
        'rows.jsonl',
        '-o',
        '/dev/null',
        '--on-error',
        'skip',
        '--workers',
        '1',
        '-q',
      ],
    ],
    ['bench', ['bench', 'math:sqrt', '4', ...quick]],
    ['doctor', ['doctor', '--import', 'json,sqlite3']],
  ])('%s imports nothing from the current folder', async (_, args) => {
    await runCli([...args, '--python', executable], {
      cwd: folder,
      env: { PYTHREADS_CACHE: 'off', PYTHONPATH: '' },
    })
    const imported = readFileSync(log, 'utf8')
    writeFileSync(log, '')
    expect(imported).toBe('')
  })
})

// Why: docs/api is written from the comments in src by `npm run docs`. A reader must find every
// public name in it, as it is now.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { makeReference } from '../../scripts/docs/reference.ts'
import * as library from '../../src/index.ts'

const folder = new URL('../../docs/api/', import.meta.url)
const programs = new URL('../../build/docs.api/', import.meta.url)
const { files, faults } = makeReference()

it('every public name has a page, a comment, and a sentence for each parameter and result', () => {
  expect(faults).toEqual([])
})

it('docs/api has the pages that `npm run docs` writes, and no others', () => {
  expect(readdirSync(folder).sort()).toEqual([...files.keys()].sort())
})

describe.each([...files])('docs/api/%s', (name, text) => {
  it('is what `npm run docs` writes', () => {
    expect(readFileSync(new URL(name, folder), 'utf8')).toBe(text)
  })

  it('has prose of at most 100 columns', () => {
    const prose = text.replace(/^```.*?^```$/gms, '').split('\n')
    expect(prose.filter((line) => line.length > 100 && !line.startsWith('| '))).toEqual([])
  })
})

it('members that are private, or marked as internal, are left out', () => {
  const session = files.get('session.md') ?? ''
  expect(session).toContain('### `session.run()`')
  expect(session).not.toContain('#submit')
  expect(session).not.toContain('new Session')
})

/** What the examples take for granted. Their own declarations hide these. */
const GRANTED = `
import type { Table } from 'apache-arrow'
import { fromArrow, toArrow } from '../../dist/arrow.js'
import { kw, NdArray, Python, PythonDate, PythonError, PythonScalar } from '../../dist/index.js'
import type { Remote, RemoteModule, RemoteObject } from '../../dist/index.js'
declare const py: Python
declare const json: RemoteModule
declare const table: Table
declare const events: object[]
declare const error: unknown
declare function retry(): void
interface Item { name: string; total(count: number): number }
`

const examples = [...files].flatMap(([name, text]) =>
  [...text.matchAll(/^Example:\n\n```ts\n(.*?)^```$/gms)].map(
    ([, source = '']) => [name, source] as const,
  ),
)

it('the examples of the reference compile', () => {
  const parts = examples.map(
    ([name, source]) => `;async () => {\n// ${name}\n${source.replace(/^import .*$/gm, '')}}`,
  )
  mkdirSync(programs, { recursive: true })
  writeFileSync(new URL('examples.mts', programs), `${GRANTED}${parts.join('\n')}\nexport {}\n`)
  const compilerOptions = { noEmit: true, noUncheckedIndexedAccess: false, noUnusedLocals: false }
  const config = { extends: '../../tsconfig.base.json', compilerOptions, files: ['examples.mts'] }
  writeFileSync(new URL('tsconfig.json', programs), JSON.stringify(config))
  const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))
  const { stdout } = spawnSync(process.execPath, [tsc, '-p', fileURLToPath(programs)], {
    encoding: 'utf8',
  })
  expect(stdout).toBe('')
  expect(examples.length).toBeGreaterThan(10)
})

/**
 * Examples whose lines say what they are worth, and that need nothing but Python: `expression //
 * value`.
 */
const running = examples
  .filter(([, source]) => / \/\/ [\d'[]/.test(source) && !/shop|import /.test(source))
  .map(([name, source]) => [name, source.split('\n', 1)[0], source] as const)

it.each(running)(
  'the example of docs/api/%s that begins with "%s" has the values that it says',
  async (_, __, source) => {
    await using py = await library.Python.start({ isolation: 'process', workers: 1 })
    const lines = source
      .replace(/^(?:await )?(.*) \/\/ (.*)$/gm, 'said.push([await $1, $2])')
      .replace(/<\w+>\(/g, '(')
    const said: [unknown, unknown][] = []
    const names = ['py', 'said', ...Object.keys(library)]
    const AsyncFunction = (async () => {}).constructor as new (
      ...parts: string[]
    ) => (...values: unknown[]) => Promise<void>
    await new AsyncFunction(...names, lines)(py, said, ...Object.values(library))
    expect(said.length).toBeGreaterThan(0)
    for (const [value, expected] of said) expect(value).toEqual(expected)
  },
)

// Why: what README.md and docs/ show is what people copy. Here every block that begins with ```ts
// runs, with the first Python that a program without options finds. The rule: the blocks of a page
// are one program. The first block stands at its top, so the others see what it declares; each
// other block has a scope of its own. Imports count for the whole page; a page without any has a
// pool `py`. `// -> text` at the end of a line is the next line that the block prints, so a block's
// comments in their order are its whole output; a block without such a comment may print what it
// likes. A block that begins with ```ts fragment is only type-checked. Where it begins with ```ts
// 3.11, its output is that of Python 3.11 and newer. A failure under a page's name is either a
// wrong example or a bug that it found; run `node build/docs/docs.<page>.mjs`. Examples run as they
// are printed, without their types, so `await using` is none of them: plain JavaScript of Node 20
// and 22 cannot read it.
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { findPython } from '../../src/discovery/index.ts'
import { ERROR_CODES } from '../../src/index.ts'
import { compile, type PageRun, readPages, runPage, writePrograms } from '../support/docs.ts'
import { pythons } from '../support/pythons.ts'

/** Pages that would be worth little without examples. */
const SHOWING = ['docs/objects.md', 'docs/callbacks.md', 'docs/errors.md']
/** Pages whose examples need packages of Python, and the virtual environment that has them. */
const WITH_PACKAGES = ['README.md', 'docs/arrays.md', 'docs/tables.md']
const packages = pythons.find(
  (python) => python.packages !== null && !python.freeThreaded,
)?.packages
const venv = join(packages ?? '', '..', '..')
const pages = readPages()
const [, minor] = (await findPython()).facts.version
const running = pages.filter(({ name }) => packages != null || !WITH_PACKAGES.includes(name))

let errors = ''
beforeAll(async () => {
  writePrograms(pages)
  errors = await compile()
})

it('all blocks have the types that they should', () => {
  expect(errors).toBe('')
})

describe.each(running.filter(({ blocks }) => blocks.some(({ isFragment }) => !isFragment)))(
  '$name',
  (page) => {
    let run: PageRun
    beforeAll(async () => {
      run = await runPage(page, WITH_PACKAGES.includes(page.name) ? venv : undefined)
    })

    it.each(page.blocks.filter(({ isFragment }) => !isFragment))(
      'the block at line $line prints what it says',
      ({ line, expected, since }) => {
        const printed = run.printed.get(line)
        expect(printed, `it was not reached: ${run.stderr}`).toBeDefined()
        if (expected.length > 0 && minor >= since) expect(printed, run.stderr).toEqual(expected)
      },
    )

    it('ends by itself, without an error', () => {
      expect(run).toMatchObject({ ended: true, code: 0, stderr: '' })
    })
  },
)

it.each(SHOWING)('%s has at least 8 lines whose output is checked', (name) => {
  const page = pages.find((one) => one.name === name)
  const checked = page?.blocks.flatMap((block) => (block.isFragment ? [] : block.expected)) ?? []
  expect(checked.length).toBeGreaterThanOrEqual(8)
})

it('the table of docs/errors.md has every code, with its sentence and what to do', () => {
  const text = pages.find(({ name }) => name === 'docs/errors.md')?.text ?? ''
  const rows = [...text.matchAll(/^\| `(ERR_\w+)` \| (.*?) \| (.*) \|$/gm)]
  expect(rows.map(([, code, sentence]) => [code, sentence])).toEqual(Object.entries(ERROR_CODES))
  for (const [, code, , advice] of rows) expect(advice, code).toMatch(/^\S.*\.$/)
})

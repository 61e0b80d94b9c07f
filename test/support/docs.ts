import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Ended, gathered } from './child.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(root, 'build', 'docs')
const MARK = '=== block '
/** Below the time that a hook may take, so that an example that hangs is told by its line. */
const TIMEOUT_MS = 250_000
const LIBRARY = '../../dist/index.js'
const ARROW = '../../dist/arrow.js'
/** What a page without imports takes for granted. */
const GRANTED = `import { kw, Python, PythonDate, PythonScalar } from '${LIBRARY}'
const py = await Python.start({ workers: 1 })`

/** A block of TypeScript in a page. */
export interface Block {
  /** The line of the page on which it begins, from 1. */
  readonly line: number
  readonly source: string
  /** Whether it is only type-checked. */
  readonly isFragment: boolean
  /** What it prints is of this minor version of Python 3 and newer ones. */
  readonly since: number
  /** What it says that it prints, line by line. */
  readonly expected: readonly string[]
}

/** A page with examples. */
export interface Page {
  /** Relative to the repository, e.g. `docs/objects.md`. */
  readonly name: string
  readonly text: string
  readonly blocks: readonly Block[]
}

/** What a page's program printed, and how it ended. */
export interface PageRun {
  /**
   * By the line of the block: the lines that it printed. A block that was not reached is not there.
   */
  readonly printed: ReadonlyMap<number, readonly string[]>
  /** Whether it came to the end of the last block and then ended by itself. */
  readonly ended: boolean
  readonly code: number | null
  readonly stderr: string
}

/** README.md and the pages of docs/. */
export function readPages(): Page[] {
  const names = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
  return ['README.md', ...names.sort().map((name) => `docs/${name}`)].map((name) => {
    const text = readFileSync(join(root, name), 'utf8')
    return { name, text, blocks: [...blocksOf(text)] }
  })
}

function* blocksOf(text: string): Generator<Block> {
  for (const found of text.matchAll(/^```ts( fragment)?(?: 3\.(\d+))?\n(.*?)^```$/gms)) {
    const source = found[3] ?? ''
    const line = text.slice(0, found.index).split('\n').length
    const expected = source
      .split('\n')
      .flatMap((one) => /\/\/ -> (.*)$/.exec(one)?.[1]?.trimEnd() ?? [])
    yield {
      line,
      source,
      isFragment: found[1] !== undefined,
      since: Number(found[2] ?? 0),
      expected,
    }
  }
}

/** Writes the programs of the pages below build/docs. */
export function writePrograms(pages: readonly Page[]): void {
  mkdirSync(folder, { recursive: true })
  for (const page of pages) {
    writeFileSync(
      programOf(page),
      sourceOf({ ...page, blocks: page.blocks.filter(({ isFragment }) => !isFragment) }),
    )
    // fragments may need a newer Node, or a compiler
    writeFileSync(programOf(page, 'checked.'), sourceOf(page))
  }
  // As strict as a project of its own is by `strict`; what users may switch on besides is not
  // theirs to expect here. What is compiled differs from what is printed by its types alone, so an
  // example that this Node cannot read fails.
  const compilerOptions = {
    ...{
      target: 'esnext',
      noUncheckedIndexedAccess: false,
      noUnusedLocals: false,
      noUnusedParameters: false,
    },
    ...{ sourceMap: true, inlineSources: true },
  }
  const config = {
    extends: '../../tsconfig.base.json',
    compilerOptions,
    files: pages.flatMap((page) =>
      [programOf(page), programOf(page, 'checked.')].map((path) => basename(path)),
    ),
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
}

/** Runs a program that `compile` has compiled; in a virtual environment, if one is given. */
export async function runPage(page: Page, venv?: string): Promise<PageRun> {
  const { code, stdout, stderr } = await runNode(
    ['--enable-source-maps', programOf(page).replace(/\.mts$/, '.mjs')],
    venv === undefined ? {} : { VIRTUAL_ENV: venv },
  )
  const [, ...parts] = stdout.split(new RegExp(`^${MARK}(.*)\n`, 'm'))
  const printed = new Map<number, string[]>()
  for (let i = 0; i < parts.length; i += 2)
    printed.set(Number(parts[i]), linesOf(parts[i + 1] ?? ''))
  return { printed, ended: printed.has(0), code, stderr }
}

/**
 * Compiles what `writePrograms` wrote. Returns what the compiler has to say: nothing, when all is
 * well.
 */
export async function compile(): Promise<string> {
  const { stdout, stderr } = await runNode([
    join(root, 'node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    folder,
  ])
  return stdout + stderr
}

function programOf(page: Page, what: '' | 'checked.' = ''): string {
  return join(folder, `${page.name.replace(/\.md$/, '').replaceAll('/', '.')}.${what}mts`)
}

/** The rule is in docs.examples.test.ts. */
function sourceOf({ blocks }: Page): string {
  const imports = new Set<string>()
  const prologue = blocks.find(({ isFragment }) => !isFragment)
  const parts = blocks.map((block) => {
    const lines = block.source.split('\n')
    for (const line of lines.filter(isImport))
      imports.add(
        line.replace("'pythreads'", `'${LIBRARY}'`).replace("'pythreads/arrow'", `'${ARROW}'`),
      )
    const body = lines.filter((line) => !isImport(line)).join('\n')
    const mark = `console.log('${MARK}${block.line}')`
    if (block.isFragment) return `;async () => {\n${body}\n}`
    return block === prologue ? `${mark}\n${body}` : `{\n${mark}\n${body}\n}`
  })
  return [
    ...(imports.size === 0 ? [GRANTED] : imports),
    ...parts,
    `console.log('${MARK}0')`,
    'export {}',
    '',
  ].join('\n')
}

function isImport(line: string): boolean {
  return line.startsWith('import ')
}

function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trimEnd())
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}

function runNode(args: string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', ...env },
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    killSignal: 'SIGKILL',
  })
  return gathered(child).ended
}

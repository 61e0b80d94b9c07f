/**
 * Applications that a bundler made into one file, and that run in a folder with nothing else. A
 * failure here while everything else passes: a file that is looked for beside the bundle, a
 * condition of a bundler that leads to the wrong form of the package, or a name that a minifier
 * changes. It needs `npm run build`, which `npm test` does first.
 */
import { cpSync, existsSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Bundling, bundle, installBundlers, packInto } from '../support/bundlers.ts'
import { runNode } from '../support/child.ts'
import { notHere } from '../support/not-here.ts'
import { Places } from '../support/places.ts'
import { pythons } from '../support/pythons.ts'
import { sampled } from '../support/scale.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const python = pythons[0]?.executable ?? ''
const threads = pythons.find(({ isolations }) => isolations.includes('thread'))?.executable
const tools = installBundlers() ?? notHere('bundlers')
const places = new Places()

const CASES: readonly Bundling[] = [
  ...['esbuild', 'vite', 'webpack', 'bun'].flatMap((bundler) =>
    (['esm', 'cjs'] as const).flatMap((format) => [
      { bundler, format, size: 'plain', source: 'import' } as const,
      { bundler, format, size: 'minified', source: 'import' } as const,
    ]),
  ),
  ...(['esm', 'cjs'] as const).flatMap((format) => [
    { bundler: 'rollup', format, size: 'plain', source: 'import' } as const,
    { bundler: 'esbuild with conditions', format, size: 'plain', source: 'import' } as const,
  ]),
  ...['esbuild', 'esbuild with conditions', 'webpack', 'bun'].map(
    (bundler) => ({ bundler, format: 'cjs', size: 'minified', source: 'require' }) as const,
  ),
]

const SEEN = {
  call: '{"a": 2, "b": 1}',
  callback: [3, 2, 1],
  raised: ['ERR_PYTHREADS_PYTHON', 'PythonError', 'JSONDecodeError'],
  classes: [true, true, false],
  sum: 4,
  array: ['Float64Array', 1, 2],
  sync: 42,
  map: [2, 3, 4],
}
const DIED = { died: ['ERR_PYTHREADS_WORKER_DIED', true, false] }

describe('a bundled application', () => {
  const made = new Map<string, string>()
  let count = 0

  beforeAll(() => {
    packInto(places, 'project')
    const source = readFileSync(join(root, 'test', 'bundled', 'app.mjs'), 'utf8')
    places.file('project/import.mjs', source)
    const required = source.replace(/^import (\{.*\}) from (.*)$/gm, 'const $1 = require($2)')
    places.file('project/require.cjs', required)
  })
  afterAll(() => places[Symbol.dispose]())

  /** Bundles the application, and moves it away from everything that it was made of. */
  async function bundled(bundling: Bundling): Promise<string> {
    const key = JSON.stringify(bundling)
    const known = made.get(key)
    if (known !== undefined) return known
    const name = `app.${bundling.format === 'esm' ? 'mjs' : 'cjs'}`
    const entry = bundling.source === 'import' ? 'import.mjs' : 'require.cjs'
    const project = places.path('project')
    const output = places.path('project', 'out', name)
    expect(await bundle(tools, join(project, entry), output, bundling)).toEqual([])
    expect(readdirSync(join(project, 'out'))).toEqual([name])
    const folder = places.path(`application-${++count}`)
    renameSync(join(project, 'out'), folder)
    made.set(key, join(folder, name))
    return join(folder, name)
  }

  /** Runs an application while there is no project. */
  async function run(file: string, args: string[], env: NodeJS.ProcessEnv = {}) {
    const cache = places.path('cache')
    const project = places.path('project')
    renameSync(project, `${project}.away`)
    try {
      return await runNode([file, ...args], { env: { PYTHREADS_CACHE: cache, ...env } })
    } finally {
      renameSync(`${project}.away`, project)
    }
  }

  it.each(sampled(CASES))(
    'runs on its own in process isolation: $bundler, $format, $size, $source',
    async (bundling) => {
      const file = await bundled(bundling)
      const { code, stdout, stderr } = await run(file, [python, 'process'])
      expect({ stderr, code }, stdout).toEqual({ stderr: '', code: 7 })
      const seen = { ...SEEN, ...DIED, isolation: 'process' }
      expect(JSON.parse(stdout)).toEqual({ main: seen, thread: seen })
      expect(readdirSync(join(file, '..'))).toHaveLength(1)
    },
  )

  it('shares the kernel with programs that start at the same time, and its bytecode with later ones', async () => {
    const file = await bundled(CASES[0] as Bundling)
    const cache = places.path('fresh-cache')
    const ends = await Promise.all(
      Array.from({ length: 3 }, () =>
        runNode([file, python, 'process'], { env: { PYTHREADS_CACHE: cache } }),
      ),
    )
    expect(ends.map(({ code }) => code)).toEqual([7, 7, 7])
    const kernels = readdirSync(cache).filter((name) => name.startsWith('kernel-'))
    expect(kernels).toHaveLength(1)
    const inner = join(cache, kernels[0] ?? '', 'pythreads_kernel')
    expect(readdirSync(join(inner, '__pycache__'))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^serve\..*\.pyc$/)]),
    )
    const sources = readdirSync(join(root, 'kernel', 'pythreads_kernel'))
    const wanted = sources.filter((name) => name.endsWith('.py'))
    expect(readdirSync(inner).sort()).toEqual(['__pycache__', ...wanted].sort())
  })

  it.each(['off', '/dev/null/cache'])('runs where the cache is %s', async (cache) => {
    const file = await bundled(CASES[0] as Bundling)
    const TMPDIR = places.folder('temporary')
    const { code, stdout, stderr } = await run(file, [python, 'process'], {
      PYTHREADS_CACHE: cache,
      TMPDIR,
    })
    expect({ stderr, code }, stdout).toEqual({ stderr: '', code: 7 })
    expect(readdirSync(TMPDIR)).toEqual([expect.stringMatching(/^pythreads-\d+$/)])
  })

  it.each(['esm', 'cjs'] as const)('has tables of apache-arrow: %s', async (format) => {
    const entry = places.file(
      'project/table.mjs',
      `import { tableFromArrays } from 'apache-arrow'
      import { Python, PythreadsError } from 'pythreads'
      import { fromArrow } from 'pythreads/arrow'
      async function main() {
        const py = await Python.start({ python: process.argv[2], isolation: 'process', workers: 1 })
        const table = fromArrow(tableFromArrays({ n: new Int32Array(1) }))
        const error = await py.run('builtins:len', [table]).catch((reason) => reason)
        console.log(error instanceof PythreadsError, error.code)
        await py.close()
      }
      main()`,
    )
    if (!existsSync(places.path('project', 'node_modules', 'apache-arrow')))
      places.link(
        join('project', 'node_modules', 'apache-arrow'),
        join(root, 'node_modules', 'apache-arrow'),
      )
    const name = `table.${format === 'esm' ? 'mjs' : 'cjs'}`
    const output = places.path('project', 'tables', name)
    const bundling = { bundler: 'esbuild', format, size: 'minified', source: 'import' } as const
    expect(await bundle(tools, entry, output, bundling)).toEqual([])
    const { stdout } = await runNode([output, python], {
      env: { PYTHREADS_CACHE: places.path('cache') },
    })
    expect(stdout).toBe('true ERR_PYTHREADS_VALUE\n') // the Python of this test has no pyarrow
  })

  it.each([
    ['import', []],
    ['import', ['--no-experimental-require-module']],
    ['require', []],
  ] as const)('the package works without the folder of the kernel: %s %j', async (how, flags) => {
    const copy = places.path(`without-kernel-${++count}`)
    cpSync(places.path('project'), copy, {
      recursive: true,
      filter: (path) => !/kernel-[0-9a-f]+$|apache-arrow$/.test(path),
    })
    const file = join(copy, how === 'import' ? 'import.mjs' : 'require.cjs')
    const env = { PYTHREADS_CACHE: places.path('cache') }
    const { code, stdout } = await runNode([...flags, file, python, 'process'], { env })
    expect(code, stdout).toBe(7)
  })

  const threaded: Bundling[] = (['esm', 'cjs'] as const).map((format) => ({
    ...{ bundler: 'esbuild', format, size: 'minified', source: 'import' },
  }))
  it.each(threaded)('runs in threads where koffi is installed beside it: $format', async (it) => {
    if (threads === undefined) notHere('Python with a shared library')
    const file = await bundled(it)
    const modules = join(file, '..', 'node_modules')
    for (const name of ['koffi', '@koromix'])
      if (existsSync(join(root, 'node_modules', name)))
        cpSync(join(root, 'node_modules', name), join(modules, name), { recursive: true })
    const { code, stdout, stderr } = await run(file, [threads ?? '', 'thread'])
    expect({ stderr, code }, stdout).toEqual({ stderr: '', code: 7 })
    const seen = { ...SEEN, isolation: 'thread' }
    expect(JSON.parse(stdout)).toEqual({ main: seen, thread: seen })
  })

  it('says where it has looked for koffi', async () => {
    if (threads === undefined) notHere('Python with a shared library')
    const file = await bundled(CASES[0] as Bundling)
    const { code, stdout } = await run(file, [threads ?? '', 'thread'])
    expect(code).toBe(1)
    expect(stdout).toMatch(/^ERR_PYTHREADS_RUNTIME .*koffi is not installed where/)
    expect(stdout.split('\n')[0]).toContain(file)
  })
})

/**
 * The package as its users get it: packed, installed in an empty folder, imported by plain JavaScript, by `require` and by strict
 * TypeScript, and called. A failure here while everything else passes: a file that `files` in package.json leaves out, a path
 * into the repository, or types that only resolve beside the sources. It needs `npm run build`, which `npm test` does first.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Places } from './support/places.ts'
import { pythons } from './support/pythons.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const python = pythons[0]?.executable ?? ''
const threads = pythons.find(({ isolations }) => isolations.includes('thread'))?.executable
const places = new Places()

/** A TypeScript program that uses the public surface, and four mistakes that the types have to catch. */
const PROGRAM = `
import { ERROR_CODES, type ErrorCode, kw, Python, PythonError, type PythonOptions, PythreadsError, type Remote } from 'pythreads'

interface Json {
  dumps(value: unknown): string
  readonly decoder: { readonly FLAGS: number }
}
const options: PythonOptions = { python: process.argv[2], isolation: 'process', workers: 1, maxQueue: null }
await using py = await Python.start(options)
const json: Remote<Json> = py.import<Json>('json')
const text: string = await json.dumps({ id: 1 }, kw({ indent: 0 }))
const sum: number = await py.eval<number>\`sum(\${[1, 2, 3]})\`
for await (const half of py.map<number>('math:sqrt', [4, 9], { ordered: true })) console.log(half.toFixed(0))
const flat: string = py.sync.run<string>('json:dumps', [[1]])
try {
  await py.run('json:loads', ['{'])
} catch (error) {
  if (error instanceof PythonError && error instanceof PythreadsError) {
    const code: ErrorCode = error.code
    console.log(error.type, code, code in ERROR_CODES)
  }
}
console.log(text.replaceAll('\\n', ''), sum, flat, py.stats().isolation)

export function mistakes(): void {
  // @ts-expect-error: an option that does not exist
  void Python.start({ worker: 1 })
  // @ts-expect-error: an isolation that does not exist
  void Python.start({ isolation: 'threads' })
  // @ts-expect-error: a function that the module has not
  void json.dump({})
  // @ts-expect-error: the constructor is private
  void new Python()
}
`

const WANTED = '2\n3\nJSONDecodeError ERR_PYTHREADS_PYTHON true\n{"id": 1} 6 [1] process\n'

describe('the package', () => {
  let files: string[] = []
  const installed = () => places.path('project', 'node_modules', 'pythreads')
  const node = (...args: string[]) => run(process.execPath, args)

  function run(program: string, args: string[]): string {
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] }
    return execFileSync(program, args, { cwd: places.path('project'), env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  }

  beforeAll(() => {
    if (!existsSync(join(root, 'dist', 'index.js'))) throw new Error('There is nothing to pack: npm run build')
    places.file('project/package.json', '{ "name": "project", "version": "1.0.0", "private": true, "type": "module" }')
    const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', places.root]
    const printed = execFileSync('npm', pack, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    const [packed] = Object.values(JSON.parse(printed)) as { filename: string; files: { path: string }[] }[] // npm 12: by name
    if (packed === undefined) throw new Error('npm packed nothing')
    files = packed.files.map(({ path }: { path: string }) => path)
    run('npm', ['install', join(places.root, packed.filename), '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'])
  }, 120_000)
  afterAll(() => places[Symbol.dispose]())

  it('has the kernel, the build and the texts, and nothing else', () => {
    const kernel = readdirSync(join(root, 'kernel', 'pythreads_kernel')).filter((name) => /\.py$|^py\.typed$/.test(name))
    expect(files).toEqual(expect.arrayContaining(kernel.map((name) => `kernel/pythreads_kernel/${name}`)))
    const others = [
      'package.json',
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/cli/main.js',
    ]
    expect(files).toEqual(expect.arrayContaining(others))
    const strange = files.filter((path) => !/^dist\/.*\.(js|d\.ts|js\.map)$|^kernel\/pythreads_kernel\/[a-z_]+\.py$/.test(path))
    expect(strange.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'kernel/pythreads_kernel/py.typed', 'package.json'])
  })

  it('runs nothing when it is installed', () => {
    const { scripts = {}, gypfile } = JSON.parse(readFileSync(join(installed(), 'package.json'), 'utf8'))
    expect(Object.keys(scripts)).not.toEqual(expect.arrayContaining([expect.stringMatching(/^(pre|post)?install$/)]))
    expect(gypfile).toBe(undefined)
    expect(existsSync(join(installed(), 'binding.gyp'))).toBe(false)
  })

  it('passes publint', async () => {
    const { messages } = await publint({ pkgDir: installed(), pack: false, strict: true })
    expect(messages).toEqual([])
  })

  it.each([['process', python] as const, ...(threads === undefined ? [] : [['thread', threads] as const])])(
    'is imported by plain JavaScript, and calls Python in isolation %s',
    (isolation, executable) => {
      places.file(
        'project/use.js',
        `import { Python } from 'pythreads'
      await using_(async (py) => console.log(await py.run('json:dumps', [{ id: 1 }]), py.sync.eval('1 + 1')))
      async function using_(use) {
        const py = await Python.start({ python: ${JSON.stringify(executable)}, isolation: '${isolation}', workers: 2 })
        await use(py)
        await py.close()
      }`,
      )
      expect(node('use.js')).toBe('{"id": 1} 2\n')
    },
  )

  it('is required where Node can require a module, and is the same one', () => {
    places.file(
      'project/use.cjs',
      `const main = async () => {
        const { Python } = require('pythreads')
        const imported = await import('pythreads')
        const py = await Python.start({ python: ${JSON.stringify(python)}, isolation: 'process', workers: 1 })
        console.log(await py.run('json:dumps', [[1]]), imported.Python === Python)
        await py.close()
      }
      main().catch((error) => console.log(error.code))`,
    )
    const able = (process.features as { require_module?: boolean }).require_module === true
    expect(node('use.cjs')).toBe(able ? '[1] true\n' : 'ERR_REQUIRE_ESM\n')
  })

  it('exports nothing but its entry', () => {
    places.file('project/deep.js', "await import('pythreads/dist/python.js').catch((error) => console.log(error.code))")
    expect(node('deep.js')).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n')
  })

  it.each(['nodenext', 'bundler'])('has types for strict TypeScript, with module resolution %s', (resolution) => {
    places.file('project/use.ts', PROGRAM)
    if (!existsSync(places.path('project', 'node_modules', '@types', 'node'))) {
      places.link('project/node_modules/@types/node', join(root, 'node_modules', '@types', 'node'))
    }
    const compilerOptions = {
      ...{ target: 'es2022', lib: ['es2023', 'esnext.disposable'], types: ['node'], outDir: 'out', rootDir: '.' },
      ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
      ...{ module: resolution === 'nodenext' ? 'nodenext' : 'esnext', moduleResolution: resolution },
    }
    places.file('project/tsconfig.json', JSON.stringify({ compilerOptions, files: ['use.ts'] }))
    try {
      node(join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', '.')
    } catch (error) {
      expect((error as { stdout: string }).stdout).toBe('')
      throw error
    }
    expect(node('out/use.js', python)).toBe(WANTED)
  })

  it('has a command', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    expect(run(places.path('project', 'node_modules', '.bin', 'pythreads'), ['--version'])).toBe(`${version}\n`)
  })
})

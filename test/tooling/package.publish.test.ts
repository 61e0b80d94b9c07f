/**
 * The package as its users get it: packed, installed in an empty folder, imported by plain
 * JavaScript, by `require`, by jest and by strict TypeScript, and called. A failure here while
 * everything else passes: a file that `files` in package.json leaves out, a path into the
 * repository, or types that only resolve beside the sources. It needs `npm run build`, which `npm
 * test` does first.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Places } from '../support/places.ts'
import { pythons } from '../support/pythons.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const python = pythons[0]?.executable ?? ''
const threads = pythons.find(({ isolations }) => isolations.includes('thread'))?.executable
const places = new Places()

/**
 * A TypeScript program that uses the public surface, and four mistakes that the types have to
 * catch.
 */
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

/** The Nodes that scripts/nodes.sh has installed. */
function otherNodes(): { name: string; command: string[] }[] {
  const folder = join(root, '.cache', 'nodes')
  const versions = existsSync(folder) ? readdirSync(folder) : []
  const program = join('node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')
  return versions
    .map((version) => ({ name: `Node ${version}`, command: [join(folder, version, program)] }))
    .filter(({ command }) => existsSync(command[0] ?? ''))
}

describe('the package', () => {
  let files: string[] = []
  let size = 0
  const installed = () => places.path('project', 'node_modules', 'pythreads')
  const node = (...args: string[]) => run(process.execPath, args)
  const typescript = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const linkTypes = (name: string) => {
    const link = join('project', 'node_modules', name)
    if (!existsSync(places.path(link))) places.link(link, join(root, 'node_modules', name))
  }

  function run(program: string, args: string[]): string {
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] }
    return execFileSync(program, args, {
      cwd: places.path('project'),
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  beforeAll(() => {
    if (!existsSync(join(root, 'dist', 'index.js')))
      throw new Error('There is nothing to pack: npm run build')
    places.file(
      'project/package.json',
      '{ "name": "project", "version": "1.0.0", "private": true, "type": "module" }',
    )
    const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', places.root]
    const printed = execFileSync('npm', pack, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    // npm 12: by name
    const [packed] = Object.values(JSON.parse(printed)) as {
      filename: string
      size: number
      files: { path: string }[]
    }[]
    if (packed === undefined) throw new Error('npm packed nothing')
    size = packed.size
    files = packed.files.map(({ path }: { path: string }) => path)
    run('npm', [
      'install',
      join(places.root, packed.filename),
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
    ])
  }, 120_000)
  afterAll(() => places[Symbol.dispose]())

  it('has the kernel, the build and the texts, and nothing else', () => {
    const kernel = readdirSync(join(root, 'kernel', 'pythreads_kernel')).filter((name) =>
      name.endsWith('.py'),
    )
    const packed = files.map((path) => path.replace(/kernel-[0-9a-f]{16}/, 'kernel'))
    expect(packed).toEqual(
      expect.arrayContaining(kernel.map((name) => `dist/kernel/pythreads_kernel/${name}`)),
    )
    const others = [
      'package.json',
      'README.md',
      'LICENSE',
      'dist/index.js',
      'dist/index.d.ts',
      'dist/index.cjs',
      'dist/index.d.cts',
      'dist/core.cjs',
      'dist/import/index.js',
      'dist/bundled/index.js',
      'dist/embedded.cjs',
      'dist/arrow.cjs',
      'dist/cli/main.js',
      'dist/main-thread.cjs',
    ]
    expect(files).toEqual(expect.arrayContaining(others))
    const strange = packed.filter(
      (path) =>
        !/^dist\/.*\.(c?js|d\.c?ts)$|^dist\/kernel\/pythreads_kernel\/[a-z_]+\.py$/.test(path),
    )
    const texts = ['LICENSE', 'README.md', 'dist/LICENSES.txt', 'package.json']
    expect(strange.sort()).toEqual(texts)
  })

  it('is smaller than 350 kB', () => {
    expect(size).toBeLessThan(350_000)
    expect(files.filter((path) => path.endsWith('.d.cts')).sort()).toEqual([
      'dist/arrow.d.cts',
      'dist/index.d.cts',
    ])
  })

  // Rollup indents the lines of what it bundles, and would change such a text.
  it('has no texts that go on in the next line', () => {
    for (const path of ['dist/core.cjs', 'dist/cli/main.js'])
      expect(readFileSync(join(installed(), path), 'utf8')).not.toMatch(/\\$/m)
  })

  it('runs nothing when it is installed', () => {
    const { scripts = {}, gypfile } = JSON.parse(
      readFileSync(join(installed(), 'package.json'), 'utf8'),
    )
    expect(Object.keys(scripts)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(pre|post)?install$/)]),
    )
    expect(gypfile).toBe(undefined)
    expect(existsSync(join(installed(), 'binding.gyp'))).toBe(false)
  })

  it('passes publint', async () => {
    const { messages } = await publint({ pkgDir: installed(), pack: false, strict: true })
    expect(messages).toEqual([])
  })

  it.each([
    ['process', python] as const,
    ...(threads === undefined ? [] : [['thread', threads] as const]),
  ])(
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

  // Without that ability of Node 20.19 and 22.12, a Node is as 20.0 is. The older ones are there if
  // scripts/nodes.sh has installed them.
  it.each([
    { name: 'this Node', command: [process.execPath] },
    { name: 'a Node that cannot', command: [process.execPath, '--no-experimental-require-module'] },
    ...otherNodes(),
  ])(
    'is one library for require and import, each with the form of apache-arrow that it finds: $name',
    ({ command }) => {
      linkTypes('apache-arrow')
      places.file(
        'project/both.cjs',
        `const main = async () => {
          const [required, imported] = [require('pythreads'), await import('pythreads')]
          const [cjs, esm] = [require('pythreads/arrow'), await import('pythreads/arrow')]
          const same = Object.keys(imported).map((name) => imported[name] === required[name])
          console.log(Object.keys(required).sort().join() === Object.keys(imported).sort().join(), new Set(same))
          const py = await required.Python.start({ python: ${JSON.stringify(python)}, isolation: 'process', workers: 1 })
          for (const [{ fromArrow }, arrow] of [[cjs, require('apache-arrow')], [esm, await import('apache-arrow')]]) {
            const table = fromArrow(arrow.tableFromArrays({ n: new Int32Array(1) }))
            // the table is recognised
            const error = await py.run('builtins:len', [table]).catch((reason) => reason)
            console.log(error instanceof imported.PythreadsError ? error.code : error)
          }
          console.log(await py.run('json:dumps', [[1]]), py.sync.eval('2'))
          await py.close()
        }
        main().catch((error) => console.log(error))`,
      )
      const table = 'ERR_PYTHREADS_VALUE' // the Python of this test has no pyarrow
      expect(run(command[0] ?? '', [...command.slice(1), '--no-warnings', 'both.cjs'])).toBe(
        `true Set(1) { true }\n${table}\n${table}\n[1] 2\n`,
      )
    },
  )

  it('is loaded by jest in its default set-up, which is CommonJS', () => {
    places.file('project/jest/package.json', '{ "name": "in-jest" }')
    places.file(
      'project/jest/call.test.js',
      `const { Python, PythonError } = require('pythreads')
      const { fromArrow } = require('pythreads/arrow')
      test('calls Python', async () => {
        const py = await Python.start({ python: ${JSON.stringify(python)}, isolation: 'process', workers: 1 })
        expect(await py.run('json:dumps', [{ id: 1 }])).toBe('{"id": 1}')
        await expect(py.eval('1/0')).rejects.toBeInstanceOf(PythonError)
        expect(typeof fromArrow).toBe('function')
        await py.close()
      })`,
    )
    const jest = createRequire(import.meta.url).resolve('jest/bin/jest')
    const printed = run(process.execPath, [
      jest,
      '--rootDir',
      places.path('project', 'jest'),
      '--ci',
      '--json',
      '--silent',
    ])
    expect(JSON.parse(printed)).toMatchObject({ numPassedTests: 1, numFailedTests: 0 })
  })

  it.each(['node16', 'nodenext'])(
    'has types for a CommonJS module of TypeScript, the same as for others, with %s',
    (module) => {
      linkTypes('apache-arrow')
      linkTypes('@types/node')
      places.file(
        'project/required.cts',
        `import { Python, type PythonStats } from 'pythreads'
      import { fromArrow } from 'pythreads/arrow'
      import type { from as From } from './imported.mjs' with { 'resolution-mode': 'import' }
      declare const from: typeof From
      export async function use(): Promise<[PythonStats, number, typeof fromArrow]> {
        const py = await Python.start({ workers: 1 })
        const number: number = await py.eval<number>('1')
        // @ts-expect-error: an option that does not exist
        void Python.start({ worker: 1 })
        const same: Python = from(py)
        return [same.stats(), number, fromArrow]
      }`,
      )
      places.file(
        'project/imported.mts',
        `import type { Python } from 'pythreads'\nexport const from = (py: Python): Python => py`,
      )
      const compilerOptions = {
        ...{
          target: 'es2022',
          lib: ['es2023', 'esnext.disposable'],
          types: ['node'],
          noEmit: true,
        },
        ...{ strict: true, skipLibCheck: false, module, moduleResolution: module },
      }
      places.file(
        'project/tsconfig.cjs.json',
        JSON.stringify({ compilerOptions, files: ['required.cts', 'imported.mts'] }),
      )
      try {
        node(typescript, '-p', 'tsconfig.cjs.json')
      } catch (error) {
        expect((error as { stdout: string }).stdout).toBe('')
        throw error
      }
    },
  )

  it('exports nothing but its entry', () => {
    places.file(
      'project/deep.js',
      "await import('pythreads/dist/python.js').catch((error) => console.log(error.code))",
    )
    expect(node('deep.js')).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n')
  })

  it.each(['nodenext', 'bundler'])(
    'has types for strict TypeScript, with module resolution %s',
    (resolution) => {
      places.file('project/use.ts', PROGRAM)
      linkTypes('@types/node')
      const compilerOptions = {
        ...{
          target: 'es2022',
          lib: ['es2023', 'esnext.disposable'],
          types: ['node'],
          outDir: 'out',
          rootDir: '.',
        },
        ...{
          strict: true,
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
          skipLibCheck: false,
        },
        ...{
          module: resolution === 'nodenext' ? 'nodenext' : 'esnext',
          moduleResolution: resolution,
        },
      }
      places.file('project/tsconfig.json', JSON.stringify({ compilerOptions, files: ['use.ts'] }))
      try {
        node(typescript, '-p', '.')
      } catch (error) {
        expect((error as { stdout: string }).stdout).toBe('')
        throw error
      }
      expect(node('out/use.js', python)).toBe(WANTED)
    },
  )

  it('has a command', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    expect(run(places.path('project', 'node_modules', '.bin', 'pythreads'), ['--version'])).toBe(
      `${version}\n`,
    )
  })
})

/**
 * The packed package in projects of pnpm and Yarn, each with its real package from npm. The kernel
 * and koffi are files that Python and the loader of the system read, so none of them may stay in an
 * archive.
 */
import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { npmPackages } from '../support/npm-packages.ts'
import { packInto } from '../support/packed.ts'
import { Places } from '../support/places.ts'
import { pythons } from '../support/pythons.ts'
import { scaled } from '../support/scale.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())
const python = pythons[0]?.executable ?? ''
const threads = pythons.find(({ isolations }) => isolations.includes('thread'))?.executable
const run = promisify(execFile)

const PROGRAM = `
import { Python } from 'pythreads'
for (const [isolation, python] of [['process', ${JSON.stringify(python)}], ['thread', ${JSON.stringify(threads)}]]) {
  if (python === undefined) continue
  const py = await Python.start({ isolation, python, workers: 1 })
  const bytes = await py.eval\`bytes(\${new Uint8Array(100_000)})\`
  console.log(isolation, await py.run('math:sqrt', [16]), py.sync.eval('1 + 1'), bytes.length)
  await py.close()
}
`
const PRINTED = ['process', ...(threads === undefined ? [] : ['thread'])]
  .map((isolation) => `${isolation} 4 2 100000\n`)
  .join('')

interface Manager {
  name: string
  /** What is run. */
  program: () => string[]
  files?: Record<string, string>
  /** The arguments that add a packed file. */
  add: (file: string) => string[]
  /** The arguments that run Node, where Node itself cannot. */
  node?: string[]
}

const yarn = () => {
  const modules = npmPackages({ '@yarnpkg/cli-dist': '4.18.1' })
  return [process.execPath, join(modules, '@yarnpkg/cli-dist/bin/yarn.js')]
}
const berry = (linker: string): Omit<Manager, 'name'> => ({
  program: yarn,
  files: { 'yarn.lock': '', '.yarnrc.yml': `nodeLinker: ${linker}\nenableGlobalCache: false\n` },
  add: (file) => ['add', `pythreads@file:${file}`],
})
const MANAGERS: Manager[] = [
  {
    name: 'pnpm 10',
    program: () => [process.execPath, join(npmPackages({ pnpm: '10.34.9' }), 'pnpm/bin/pnpm.cjs')],
    add: (file) => ['add', file],
  },
  {
    name: 'pnpm 12, told not to build koffi',
    program: () => [join(npmPackages({ pnpm: '12.21.0' }), '.bin/pnpm')],
    files: { 'pnpm-workspace.yaml': 'allowBuilds:\n  koffi: false\n' },
    add: (file) => ['add', file],
  },
  {
    name: 'Yarn 1',
    program: () => [process.execPath, join(npmPackages({ yarn: '1.22.22' }), 'yarn/bin/yarn.js')],
    add: (file) => ['add', '--ignore-scripts', file],
  },
  { name: 'Yarn 4 with node_modules', ...berry('node-modules') },
  { name: "Yarn 4 with Plug'n'Play", ...berry('pnp'), node: ['node'] },
]

describe('package managers', () => {
  let packed = ''
  /** Yarn 4 does not read npm's configuration. */
  let registry = ''
  beforeAll(() => {
    packed = packInto(places.root)
    registry = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim()
  })

  const strictest = MANAGERS.filter(({ name }) => /pnpm 12|Play/.test(name))
  it.each(scaled(strictest, MANAGERS))(
    '$name installs a package that calls Python',
    async (manager) => {
      const { name, program, files = {}, add, node } = manager
      const [command = '', ...first] = program()
      const folder = name.replaceAll(/\W+/g, '-')
      places.file(join(folder, 'package.json'), '{ "name": "project", "private": true }')
      places.file(join(folder, 'use.mjs'), PROGRAM)
      for (const [file, text] of Object.entries(files)) places.file(join(folder, file), text)
      const env = {
        ...process.env,
        NODE_OPTIONS: '',
        CI: '',
        COREPACK_ENABLE_STRICT: '0',
        XDG_CACHE_HOME: places.path('cache'),
        XDG_DATA_HOME: places.path('data'),
        PNPM_HOME: places.path('data'),
        YARN_CACHE_FOLDER: places.path('cache', folder),
        YARN_ENABLE_TELEMETRY: '0',
        YARN_NPM_REGISTRY_SERVER: registry,
      }
      const options = { cwd: places.path(folder), env }
      await run(command, [...first, ...add(packed)], options)
      const { stdout } = await (node === undefined
        ? run(process.execPath, ['use.mjs'], options)
        : run(command, [...first, ...node, 'use.mjs'], options))
      expect(stdout).toBe(PRINTED)
    },
  )
})

import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Places } from './places.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/** What is only installed for the tests of bundles. Rollup and Vite are packages of the project. */
const PACKAGES = {
  '@rollup/plugin-node-resolve': '16.0.3',
  [`@oven/bun-${process.platform}-${process.arch}`]: '1.4.5',
  esbuild: '0.28.2',
  webpack: '5.113.0',
}

/**
 * Installs the bundlers to `.cache/bundlers`, once. Returns the folder; `undefined` when npm cannot
 * install them.
 */
export function installBundlers(): string | undefined {
  const folder = join(root, '.cache', 'bundlers')
  const wanted = JSON.stringify({ private: true, dependencies: PACKAGES })
  const file = join(folder, 'package.json')
  const isThere = () => existsSync(file) && readFileSync(file, 'utf8') === wanted
  if (isThere()) return folder
  // Made beside its place, as another run may make the same one.
  const own = `${folder}.${process.pid}`
  try {
    mkdirSync(own, { recursive: true })
    writeFileSync(join(own, 'package.json'), wanted)
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock']
    execFileSync('npm', ['install', ...flags], { cwd: own, stdio: 'pipe' })
    if (isThere()) return folder
    rmSync(folder, { recursive: true, force: true })
    renameSync(own, folder)
    return folder
  } catch {
    return undefined
  } finally {
    rmSync(own, { recursive: true, force: true })
  }
}

/** An application as a bundler makes it. */
export interface Bundling {
  readonly bundler: string
  readonly format: 'esm' | 'cjs'
  readonly size: 'plain' | 'minified'
  /** The kind of module that the application is before. */
  readonly source: 'import' | 'require'
}

/** Makes a project with the packed package in it, as npm installs it, without other packages. */
export function packInto(places: Places, project: string): void {
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', places.root]
  const printed = execFileSync('npm', pack, { cwd: root, encoding: 'utf8', stdio: 'pipe' })
  // npm 12: by name
  const [packed] = Object.values(JSON.parse(printed)) as { filename: string }[]
  const modules = places.folder(join(project, 'node_modules'))
  execFileSync('tar', ['-xzf', places.path(packed?.filename ?? ''), '-C', modules])
  renameSync(join(modules, 'package'), join(modules, 'pythreads'))
  places.file(join(project, 'package.json'), '{ "name": "project", "version": "1.0.0" }')
}

/** Bundles the file of a project, and returns what the bundler warns of. */
export async function bundle(
  tools: string,
  entry: string,
  output: string,
  { bundler, format, size }: Bundling,
): Promise<string[]> {
  const script = fileURLToPath(new URL('../bundled/bundle.js', import.meta.url))
  const args = [script, tools, bundler, format, size, entry, output]
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] }
  const { stdout } = await run(process.execPath, args, { env, maxBuffer: 2 ** 26 })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as string[]
}

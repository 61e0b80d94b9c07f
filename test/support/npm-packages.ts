import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { notHere } from './not-here.ts'

const folder = fileURLToPath(new URL('../../.cache/packages/npm/', import.meta.url))

/**
 * Installs packages of npm that only a few tests need, once, beside the ones of the project. Returns
 * their `node_modules`. Leaves out the test or file that calls it where npm cannot install them.
 */
export function npmPackages(packages: Readonly<Record<string, string>>): string {
  const names = Object.entries(packages).map(([name, version]) => `${name}@${version}`)
  const place = join(folder, names.join('+').replaceAll('/', '-'))
  const modules = join(place, 'node_modules')
  if (existsSync(modules)) return modules
  // Made beside its place, as another run may make the same one.
  const draft = `${place}.${process.pid}`
  mkdirSync(draft, { recursive: true })
  writeFileSync(join(draft, 'package.json'), '{ "private": true }')
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save', ...names]
  try {
    execFileSync('npm', args, { cwd: draft, stdio: 'pipe' })
    if (!existsSync(modules)) renameSync(draft, place)
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer }
    notHere(`npm packages ${names.join(', ')} (${stderr?.toString().trim().split('\n').at(-1)})`)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
  return modules
}

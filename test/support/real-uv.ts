import { execFileSync } from 'node:child_process'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { notHere } from './not-here.ts'

const VERSION = '0.13.9'
const folder = fileURLToPath(new URL(`../../.cache/uv-${VERSION}`, import.meta.url))

/** The path of uv, which pip installs once into `.cache`. */
export function realUv(python: string): string {
  const path = join(folder, 'bin', 'uv')
  if (existsSync(path)) return path
  const own = `${folder}.${process.pid}`
  try {
    execFileSync(python, ['-m', 'venv', own], { stdio: 'ignore' })
    const pip = ['-m', 'pip', 'install', '--quiet', '--retries', '1', `uv==${VERSION}`]
    execFileSync(join(own, 'bin', 'python'), pip, { stdio: ['ignore', 'ignore', 'inherit'] })
    renameSync(own, folder) // uv is a program that can be moved
    return path
  } catch {
    if (existsSync(path)) return path // another test file was faster
    return notHere('uv (pip cannot install it)')
  } finally {
    rmSync(own, { recursive: true, force: true })
  }
}

// Another revision of pythreads, built beside this tree.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './folders.ts'

export function revision(): string {
  return git('describe', '--always', '--dirty', '--abbrev=12')
}

/**
 * Builds a revision in .cache/compare/<commit>, once; answers what to import. Its dependencies are
 * those of this tree.
 */
export function buildRevision(name: string): { readonly commit: string; readonly build: string } {
  const commit = git('rev-parse', '--verify', `${name}^{commit}`)
  const folder = join(ROOT, '.cache', 'compare', commit)
  const build = join(folder, 'dist', 'index.js')
  if (existsSync(build)) return { commit, build }
  process.stderr.write(`Building ${commit} in .cache/compare\n`)
  const half = `${folder}.half`
  rmSync(half, { recursive: true, force: true })
  mkdirSync(half, { recursive: true })
  // Not `git worktree`: that would leave an entry in .git for every folder that is deleted by hand.
  const archive = execFileSync('git', ['archive', '--format=tar', commit], {
    cwd: ROOT,
    maxBuffer: 1 << 30,
  })
  execFileSync('tar', ['-x', '-C', half], { input: archive })
  symlinkSync(join(ROOT, 'node_modules'), join(half, 'node_modules'))
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: half, stdio: 'inherit' })
  rmSync(folder, { recursive: true, force: true })
  renameSync(half, folder)
  return { commit, build }
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim()
}

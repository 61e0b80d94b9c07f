// A virtual environment with numpy alone, in .cache/bench. Not that of the tests, which a test run
// may make anew while the bench measures in it.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './folders.ts'

/** The executable of an environment of a Python, made once; `null`: numpy has no wheel for it. */
export function withNumpy(base: string, release: string, freeThreaded: boolean): string | null {
  const venv = join(ROOT, '.cache', 'bench', `${release}${freeThreaded ? 't' : ''}`)
  const python = join(venv, 'bin', 'python')
  const marker = join(venv, 'made.json')
  const wanted = numpy()
  const made = JSON.stringify({ base, wanted })
  const known = existsSync(marker) ? readFileSync(marker, 'utf8') : ''
  if (known === made) return python
  if (known === JSON.stringify({ base, wanted, failed: true })) return null
  rmSync(venv, { recursive: true, force: true })
  execFileSync(base, ['-m', 'venv', venv], { stdio: ['ignore', 'ignore', 'inherit'] })
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--only-binary',
    ':all:',
    ...wanted,
  ]
  try {
    execFileSync(python, pip, { stdio: ['ignore', 'ignore', 'inherit'] })
    writeFileSync(marker, made)
    return python
  } catch {
    writeFileSync(marker, JSON.stringify({ base, wanted, failed: true }))
    return null
  }
}

/** As the tests pin it. */
function numpy(): string[] {
  const lines = readFileSync(join(ROOT, 'test', 'python', 'requirements.txt'), 'utf8').split('\n')
  return lines.filter((line) => line.startsWith('numpy')).map((line) => line.replace(/ +#.*/, ''))
}

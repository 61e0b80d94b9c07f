// Lints and formats the Python code: `python-tools.js check | format`. The tools live in
// .cache/tools.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const REQUIREMENTS = ['ruff==0.17.6', 'mypy==2.4.1'].join('\n')
const root = fileURLToPath(new URL('..', import.meta.url))
const venv = join(root, '.cache', 'tools')
const marker = join(venv, 'requirements.txt')

function run(program, ...args) {
  execFileSync(program, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
}

function install() {
  if (existsSync(marker) && readFileSync(marker, 'utf8') === REQUIREMENTS) return
  rmSync(venv, { recursive: true, force: true })
  run(process.env.PYTHREADS_PYTHON ?? 'python3', '-m', 'venv', venv)
  const pip = ['-m', 'pip', 'install', '--quiet', '--retries', '1', '--disable-pip-version-check']
  run(join(venv, 'bin', 'python'), ...pip, ...REQUIREMENTS.split('\n'))
  writeFileSync(marker, REQUIREMENTS)
}

/**
 * Whether the tools are there. Without a registry the Python code is not checked, which is a
 * failure where CI is set.
 */
function installed() {
  try {
    install()
    return true
  } catch (error) {
    if (process.env.CI) throw error
    rmSync(venv, { recursive: true, force: true })
    console.error(
      `Not checked here: the Python code (pip cannot install ${REQUIREMENTS.replace('\n', ' and ')})`,
    )
    return false
  }
}

const commands = {
  check: [
    ['ruff', 'check'],
    ['ruff', 'format', '--check'],
    ['mypy', '--no-error-summary'],
  ],
  format: [
    ['ruff', 'check', '--fix'],
    ['ruff', 'format'],
  ],
}[process.argv[2] ?? '']

if (commands === undefined) throw new Error('usage: python-tools.js check | format')
// `python -m`: pip writes the path of this folder into the programs, and the folder may be moved.
if (installed()) for (const args of commands) run(join(venv, 'bin', 'python'), '-m', ...args)

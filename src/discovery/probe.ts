import { closeSync, openSync, readSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { PythreadsError } from '../errors/index.ts'
import { kernelScript, kernelVariable } from '../kernel.ts'
import { isOwnStarter } from '../platform/index.ts'
import { execute } from './execute.ts'
import { isTooOld, OLDEST_PYTHON, type PythonFacts } from './facts.ts'
import { recall, remember } from './remembered.ts'

/** Starting Python takes some 20 ms; a network file system or a virus scanner may take seconds. */
const TIMEOUT_MS = 60_000
const MARK = 'pythreads '

const known = new Map<string, Promise<PythonFacts>>()

/**
 * Runs an executable to learn which Python it is. The facts are kept for later calls, and on disk
 * for later processes while nothing has changed. `anew`: ignores the facts on disk.
 */
export function probe(
  executable: string,
  { anew = false }: { anew?: boolean } = {},
): Promise<PythonFacts> {
  let facts = known.get(executable)
  if (facts === undefined) {
    const remembered = anew ? undefined : recall(executable)
    facts = remembered === undefined ? ask(executable) : Promise.resolve(remembered)
    known.set(executable, facts)
    facts.catch(() => known.delete(executable))
  }
  return facts
}

async function ask(executable: string): Promise<PythonFacts> {
  // -I: PYTHON* variables and files of the current folder cannot change the result.
  const reply = await execute(executable, ['-I', kernelScript('probe')], TIMEOUT_MS, {
    ...process.env,
    ...kernelVariable(),
  })
  const line = reply.stdout.split('\n').find((text) => text.startsWith(MARK))
  if (reply.failure === undefined && line !== undefined)
    return check(executable, line.slice(MARK.length))
  // Python 2 has no -I.
  const version = await execute(
    executable,
    ['-E', '-s', '-c', 'import sys; print(sys.version.split()[0])'],
    TIMEOUT_MS,
  )
  if (isTooOld(version.stdout.split('.').map(Number)) && /^\d+\.\d+/.test(version.stdout)) {
    throw tooOld(executable, version.stdout.trim())
  }
  throw new PythreadsError(
    'ERR_PYTHREADS_PYTHON_BROKEN',
    `${executable} does not work as a Python: ${reply.failure ?? 'it printed no reply'}${quoted(reply.stderr)}`,
  )
}

function check(executable: string, json: string): PythonFacts {
  const facts = withWrapper(executable, parse(executable, json))
  if (facts.implementation !== 'cpython') {
    throw new PythreadsError(
      'ERR_PYTHREADS_PYTHON_BROKEN',
      `${executable} is ${facts.implementation}, not CPython`,
    )
  }
  if (isTooOld(facts.version)) throw tooOld(executable, facts.release)
  remember(executable, facts)
  return facts
}

/**
 * Makes the wrapper the program to start, where `executable` starts another Python: without a
 * sandbox script, its Python would run outside of the sandbox. The shims of pyenv and similar tools
 * are no wrappers: they only choose a version, which takes 50 ms, so the chosen Python is started
 * directly.
 */
function withWrapper<F extends PythonFacts>(executable: string, facts: F): F {
  const isOther = facts.executable !== executable && basename(dirname(executable)) !== 'shims'
  // macOS and Windows have launchers of their own, which report the path of the real Python.
  const isWrapper = isOther && (isOwnStarter() || isScript(executable))
  return isWrapper ? { ...facts, executable, isWrapper } : facts
}

function isScript(path: string): boolean {
  const fd = openSync(path, 'r')
  try {
    const head = Buffer.alloc(2)
    return readSync(fd, head) === 2 && head.toString('latin1') === '#!'
  } finally {
    closeSync(fd)
  }
}

function parse(executable: string, json: string): PythonFacts & { implementation: string } {
  try {
    return JSON.parse(json) as PythonFacts & { implementation: string }
  } catch (cause) {
    throw new PythreadsError(
      'ERR_PYTHREADS_PYTHON_BROKEN',
      `${executable} does not work as a Python: it printed ${json}`,
      {
        cause,
      },
    )
  }
}

function tooOld(executable: string, release: string): PythreadsError {
  return new PythreadsError(
    'ERR_PYTHREADS_PYTHON_TOO_OLD',
    `${executable} is Python ${release}; pythreads needs ${OLDEST_PYTHON.join('.')} or newer`,
  )
}

function quoted(stderr: string): string {
  const text = stderr.trim()
  return text === '' ? '' : `\n${text.split('\n').slice(-5).join('\n').replace(/^/gm, '    ')}`
}

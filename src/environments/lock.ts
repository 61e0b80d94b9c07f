import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { attempt } from '../attempt.ts'
import type { PythonFacts } from '../discovery/index.ts'
import { environmentError, wordsOf } from './failure.ts'
import { lockText } from './locked-requirements.ts'
import { run } from './run.ts'
import type { Specification } from './specification.ts'
import type { Tools } from './tools.ts'
import { indexFlags, uvEnvironment } from './uv.ts'

/**
 * Resolves what is asked for, for all systems, and returns the text of a lock file.
 *
 * @throws `ERR_PYTHREADS_ENVIRONMENT`
 */
export async function resolveLock(
  what: Specification,
  python: PythonFacts,
  tools: Tools,
): Promise<string> {
  if (what.isLocked) throw environmentError(`${what.name} is a lock file already`)
  if (what.requirements.length === 0) return lockText(what, '')
  const why = await tools.unreachable()
  const uv = await tools.uv(why)
  if (uv === undefined)
    throw environmentError(
      `uv is needed to write a lock file: ${tools.whyNoUv()}${why === undefined ? '' : `; ${why}`}`,
    )
  const folder = mkdtempSync(join(tmpdir(), 'pythreads-lock-'))
  try {
    const file = what.file ?? join(folder, 'requirements.in')
    if (what.file === undefined) writeFileSync(file, `${what.requirements.join('\n')}\n`)
    const result = await run(
      uv.path,
      [
        ...['pip', 'compile', '--no-config', '--no-progress', '--universal', '--generate-hashes'],
        ...['--no-header', '--no-annotate', '--python', python.executable],
        ...(why === undefined ? [] : ['--offline']),
        ...indexFlags(tools.env),
        basename(file),
      ],
      {
        env: uvEnvironment(tools.env),
        cwd: what.file === undefined ? folder : what.folder,
        onLine: undefined,
      },
    )
    if (result.failure === undefined) return lockText(what, result.stdout)
    const network = why === undefined ? '' : ` (${why})`
    throw environmentError(
      `${what.name} could not be resolved${network}: ${wordsOf(result.stderr) || result.failure}`,
    )
  } finally {
    attempt(() => rmSync(folder, { recursive: true, force: true }))
  }
}

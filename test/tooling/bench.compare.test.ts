/** What the comparison mode of the benchmark needs: another revision, built, beside this tree. */
import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { buildRevision } from '../../bench/lib/revision.ts'
import { pythons } from '../support/pythons.ts'

it('a revision is built by its own scripts, and runs Python beside this tree', {
  timeout: 120_000,
}, async () => {
  const { commit, build } = buildRevision('HEAD')
  expect(commit).toMatch(/^[0-9a-f]{40}$/)
  const built = (await import(pathToFileURL(build).href)) as typeof import('../../src/index.ts')
  await using py = await built.Python.start({
    python: pythons[0]?.executable,
    isolation: 'process',
    workers: 1,
  })
  expect(await py.run('builtins:sum', [[1, 2, 3]])).toBe(6)
})

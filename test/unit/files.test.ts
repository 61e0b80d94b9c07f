/**
 * A file of the library has one idea, and at most 400 lines.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const MOST_LINES = 400

it.each([
  ['src', '.ts'],
  ['kernel', '.py'],
])(`no file of %s has more than ${MOST_LINES} lines`, (folder, ending) => {
  const root = new URL(`../../${folder}/`, import.meta.url)
  const names = readdirSync(fileURLToPath(root), { recursive: true, encoding: 'utf8' })
  const files = names.filter((name) => name.endsWith(ending))
  expect(files).not.toEqual([])
  const lines = (name: string) => readFileSync(new URL(name, root), 'utf8').split('\n').length - 1
  expect(files.filter((name) => lines(name) > MOST_LINES)).toEqual([])
})

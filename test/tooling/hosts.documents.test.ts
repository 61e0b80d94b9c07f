import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const page = readFileSync(new URL('../../docs/hosts.md', import.meta.url), 'utf8')

it('the Dockerfiles of docs/hosts.md have at most ten lines', () => {
  const files = [...page.matchAll(/```dockerfile\n(.*?)```/gs)].map(([, text = '']) => text)
  expect(files).toHaveLength(2)
  for (const file of files) expect(file.trimEnd().split('\n').length).toBeLessThanOrEqual(10)
})

it.each([
  ['hosts.next.test.ts', /serverExternalPackages: \['pythreads'\]/],
  ['hosts.electron.test.ts', /'(\*\*\/\{\*\.py,\*\.node\})'/],
  ['hosts.package-managers.test.ts', /allowBuilds:\s+koffi: false/],
])('%s tests what docs/hosts.md recommends', (file, recipe) => {
  const test = readFileSync(new URL(file, import.meta.url), 'utf8').replaceAll('\\n', '\n')
  expect(test).toMatch(recipe)
  expect(page).toMatch(recipe)
})

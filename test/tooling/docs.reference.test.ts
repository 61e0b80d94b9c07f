// Why: docs/api is written from the comments in src by `npm run docs`. A reader must find every
// public name in it, as it is now.
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { makeReference } from '../../scripts/docs/reference.ts'

const folder = new URL('../../docs/api/', import.meta.url)
const { files, faults } = makeReference()

it('every public name has a page, a comment, and a sentence for each parameter and result', () => {
  expect(faults).toEqual([])
})

it('docs/api has the pages that `npm run docs` writes, and no others', () => {
  expect(readdirSync(folder).sort()).toEqual([...files.keys()].sort())
})

describe.each([...files])('docs/api/%s', (name, text) => {
  it('is what `npm run docs` writes', () => {
    expect(readFileSync(new URL(name, folder), 'utf8')).toBe(text)
  })

  it('has prose of at most 100 columns', () => {
    const prose = text.replace(/^```.*?^```$/gms, '').split('\n')
    expect(prose.filter((line) => line.length > 100 && !line.startsWith('| '))).toEqual([])
  })
})

it('members that are private, or marked as internal, are left out', () => {
  const session = files.get('session.md') ?? ''
  expect(session).toContain('### `session.run()`')
  expect(session).not.toContain('#submit')
  expect(session).not.toContain('new Session')
})

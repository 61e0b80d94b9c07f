/**
 * What must compile and what must not, with each TypeScript that is supported, against the built
 * declarations. The programs are in test/types. A failure of one version alone: syntax in the
 * declarations that it does not know, or a type that it infers otherwise.
 */
import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { COMPILERS, surprises, type TypeProject } from '../support/type-cases.ts'

const both = [
  'described.ts',
  'described.refused.ts',
  'sync.ts',
  'sync.refused.ts',
  'targets.ts',
  'targets.refused.ts',
  'large.ts',
]
const unchecked = { noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true }
const PROJECTS: TypeProject[] = [
  {
    name: 'strict',
    compilerOptions: { module: 'nodenext', moduleResolution: 'nodenext' },
    files: [...both, 'untyped.ts', 'untyped.refused.ts'],
  },
  {
    name: 'stricter',
    compilerOptions: {
      module: 'esnext',
      moduleResolution: 'bundler',
      verbatimModuleSyntax: true,
      isolatedModules: true,
      ...unchecked,
    },
    files: [...both, 'unchecked.ts'],
  },
  {
    name: 'strictest',
    compilerOptions: { module: 'nodenext', ...unchecked, noPropertyAccessFromIndexSignature: true },
    files: ['unchecked.brackets.ts', 'arrow.ts'],
  },
]

it.each(COMPILERS)(
  'TypeScript %s compiles what is right, and refuses what is wrong',
  { timeout: 180_000 },
  async (version, path) => {
    expect(existsSync(path), `${path} is missing: npm install`).toBe(true)
    expect(await surprises(version, path, PROJECTS)).toEqual([])
  },
)

/**
 * What an editor shows for a name, and how much the compiler does for large types: the language
 * service of TypeScript is asked. A failure shows a type that is spelled out where it had a name,
 * or one whose parts are computed again and again.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { COMPILERS } from '../support/type-cases.ts'

/**
 * The part of TypeScript's interface that is used here. That of TypeScript 7 has no language
 * service.
 */
interface TypeScript {
  createLanguageService(host: unknown): Service
  getDefaultLibFilePath(options: unknown): string
  ScriptSnapshot: { fromString(text: string): unknown }
  sys: { readFile(path: string): string | undefined }
  ModuleKind: { NodeNext: number }
  ScriptTarget: { ES2022: number }
}

interface Service {
  getQuickInfoAtPosition(
    file: string,
    position: number,
  ): { displayParts: { text: string }[] } | undefined
  getSemanticDiagnostics(file: string): { messageText: unknown }[]
  getProgram(): { getInstantiationCount(): number }
}

const folder = fileURLToPath(new URL('../types', import.meta.url))
const [, path = ''] = COMPILERS.find(([version]) => version === '6') ?? []

/** The service for one file of test/types. */
function serviceFor(file: string): Service {
  const ts: TypeScript = createRequire(import.meta.url)(join(path, 'lib', 'typescript.js'))
  const settings = {
    ...{ strict: true, types: ['node'], lib: ['lib.es2022.d.ts'] },
    ...{ module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2022 },
  }
  return ts.createLanguageService({
    ...ts.sys,
    useCaseSensitiveFileNames: () => true,
    getCompilationSettings: () => settings,
    getScriptFileNames: () => [file],
    getScriptVersion: () => '1',
    getScriptSnapshot: (name: string) => {
      const source = ts.sys.readFile(name)
      return source === undefined ? undefined : ts.ScriptSnapshot.fromString(source)
    },
    getCurrentDirectory: () => folder,
    getDefaultLibFileName: () => ts.getDefaultLibFilePath(settings),
  })
}

it('an editor shows the names of types rather than what they stand for, above each ^? of test/types/hover.ts', () => {
  const file = join(folder, 'hover.ts')
  const service = serviceFor(file)
  const shown: string[] = []
  const wanted: string[] = []
  let start = 0
  let before = 0
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const mark = /^\/\/ +\^\? (.*)$/.exec(line)
    if (mark === null) before = start
    else {
      const info = service.getQuickInfoAtPosition(file, before + line.indexOf('^'))
      shown.push(info?.displayParts.map((part) => part.text).join('') ?? 'nothing')
      wanted.push(mark[1] ?? '')
    }
    start += line.length + 1
  }
  expect(shown).toEqual(wanted)
})

it('types that are large, recursive or both cost few instantiations', () => {
  const file = join(folder, 'large.ts')
  const service = serviceFor(file)
  expect(service.getSemanticDiagnostics(file).map(({ messageText }) => messageText)).toEqual([])
  expect(service.getProgram().getInstantiationCount()).toBeLessThan(100_000)
})

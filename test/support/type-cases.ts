import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const cases = join(root, 'test', 'types')
const built = join(root, 'build', 'types')
const MARK = /@ts-expect-error (TS\d+(?:\|TS\d+)*): /
const SAID = /^(\S.*)\((\d+),\d+\): error (TS\d+): (.*)$/gm

/** The compilers, by version, each in a folder of its own: their commands have one name. */
export const COMPILERS: readonly (readonly [version: string, path: string])[] = [
  ...['5.4', '5.9', '6'].map((version) => [version, join(cases, 'typescript', version)] as const),
  ['7', root] as const,
].map(([version, folder]) => [version, join(folder, 'node_modules', 'typescript')])

/** What a project says to the compiler, and the files of test/types that it has. */
export interface TypeProject {
  readonly name: string
  readonly compilerOptions: Readonly<Record<string, unknown>>
  readonly files: readonly string[]
}

/**
 * Compiles projects against the build, and returns each line where what the compiler says is not
 * what the line before it expects: `// @ts-expect-error TS2345: why`. That comment alone would be
 * content with any error, so it is taken out of the copies that are compiled.
 */
export async function surprises(
  version: string,
  compiler: string,
  projects: readonly TypeProject[],
): Promise<string[]> {
  const expected = new Map(projects.flatMap((project) => [...writeProject(version, project)]))
  const folders = projects.map(({ name }) => join(built, version, name))
  const script = fileURLToPath(new URL('check-types.js', import.meta.url))
  const tsc = join(compiler, 'bin', 'tsc')
  // TypeScript 7 is a program of its own, and quick.
  const printed =
    version === '7'
      ? (
          await Promise.all(folders.map((folder) => run([tsc, '-p', folder, '--pretty', 'false'])))
        ).join('')
      : await run([script, compiler, ...folders])
  const met = new Set<string>()
  const found: string[] = []
  for (const [, path = '', line = '', code = '', text = ''] of printed.matchAll(SAID)) {
    const place = `${relative(join(built, version), join(root, path))}:${line}`
    if (expected.get(place)?.includes(code)) met.add(place)
    else found.push(`${place}: ${code}: ${text}`)
  }
  const missing = [...expected].filter(([place]) => !met.has(place))
  const others = printed.split('\n').filter((line) => /^error |^\w*Error: /.test(line))
  return [
    ...others,
    ...found,
    ...missing.map(([place, codes]) => `${place}: not refused: ${codes.join(' or ')}`),
  ]
}

/**
 * Writes the files of a project, and returns the errors that are expected in it, by file and line.
 */
function writeProject(
  version: string,
  { name: project, compilerOptions, files }: TypeProject,
): Map<string, readonly string[]> {
  const folder = join(built, version, project)
  mkdirSync(folder, { recursive: true })
  const expected = new Map<string, readonly string[]>()
  for (const name of readdirSync(cases).filter((name) => name.endsWith('.ts'))) {
    const lines = readFileSync(join(cases, name), 'utf8').split('\n')
    for (const [i, line] of lines.entries()) {
      const codes = MARK.exec(line)?.[1]?.split('|')
      if (codes === undefined && line.includes('@ts-'))
        throw new Error(`${name}:${i + 1}: no code: ${line}`)
      if (codes !== undefined && files.includes(name))
        expected.set(`${project}/${name}:${i + 2}`, codes)
    }
    writeFileSync(join(folder, name), lines.join('\n').replaceAll('@ts-expect-error', 'expected:'))
  }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...COMMON, ...compilerOptions }, files }),
  )
  return expected
}

const COMMON = {
  noEmit: true,
  strict: true,
  target: 'es2022',
  lib: ['es2022'],
  types: ['node'],
  skipLibCheck: false,
}

function run(args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: root, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error)
      else resolve(stdout + stderr)
    })
  })
}

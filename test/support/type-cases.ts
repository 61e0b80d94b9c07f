import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const cases = join(root, 'test', 'types')
const MARK = /@ts-expect-error (TS\d+(?:\|TS\d+)*): /

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
 * Compiles a project against the build, and returns each line where what the compiler says is not what the line before it
 * expects: `// @ts-expect-error TS2345: why`. That comment alone would be content with any error, so it is taken out of the copies
 * that are compiled.
 */
export async function surprises(compiler: string, version: string, project: TypeProject): Promise<string[]> {
  const folder = join(root, 'build', 'types', `${version}-${project.name}`)
  mkdirSync(folder, { recursive: true })
  const expected = new Map<string, readonly string[]>()
  for (const name of readdirSync(cases).filter((name) => name.endsWith('.ts'))) {
    const lines = readFileSync(join(cases, name), 'utf8').split('\n')
    const inProject = project.files.includes(name)
    const copy = lines.map((line, i) => {
      const codes = MARK.exec(line)?.[1]?.split('|')
      if (codes === undefined && line.includes('@ts-')) throw new Error(`${name}:${i + 1}: no code: ${line}`)
      if (codes !== undefined && inProject) expected.set(`${name}:${i + 2}`, codes)
      return line.replace('@ts-expect-error', 'expected:')
    })
    writeFileSync(join(folder, name), copy.join('\n'))
  }
  const compilerOptions = { ...COMMON, ...project.compilerOptions }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: project.files }))
  const printed = await run(join(compiler, 'bin', 'tsc'), ['-p', folder, '--pretty', 'false'])
  const found = new Map<string, string>()
  const met = new Set<string>()
  for (const [, path = '', line = '', code = '', text = ''] of printed.matchAll(/^(.*)\((\d+),\d+\): error (TS\d+): (.*)$/gm)) {
    const place = `${basename(path)}:${line}`
    if (expected.get(place)?.includes(code)) met.add(place)
    else found.set(place, `${place}: ${code}: ${text}`)
  }
  const missing = [...expected].filter(([place]) => !met.has(place) && !found.has(place))
  const others = printed.split('\n').filter((line) => /^error /.test(line))
  return [...found.values(), ...missing.map(([place, codes]) => `${place}: not refused: ${codes.join(' or ')}`), ...others]
}

const COMMON = { noEmit: true, strict: true, target: 'es2022', lib: ['es2022'], types: ['node'], skipLibCheck: false }

function run(script: string, args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [script, ...args], { cwd: root, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') reject(error)
      else resolve(stdout + stderr.replace(/^/gm, stderr === '' ? '' : 'error '))
    })
  })
}

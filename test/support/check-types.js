// Compiles the projects in the folders that are named with one TypeScript, and prints what it says
// of their files and of the declarations of the build: `check-types.js <package of TypeScript>
// <folder>...`. The libraries are read once, and are not checked.
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [compiler = '', ...folders] = process.argv.slice(2)
const ts = createRequire(import.meta.url)(join(compiler, 'lib', 'typescript.js'))
const libraries = new Map()

for (const folder of folders) {
  const parsed = ts.getParsedCommandLineOfConfigFile(join(folder, 'tsconfig.json'), {}, ts.sys)
  const host = ts.createCompilerHost(parsed.options)
  const { getSourceFile } = host
  host.getSourceFile = (name, options, ...rest) => {
    if (!name.includes('/node_modules/')) return getSourceFile(name, options, ...rest)
    const key = `${name} ${options.impliedNodeFormat}`
    if (!libraries.has(key)) libraries.set(key, getSourceFile(name, options, ...rest))
    return libraries.get(key)
  }
  const program = ts.createProgram({ rootNames: parsed.fileNames, options: parsed.options, host })
  const files = program
    .getSourceFiles()
    .filter(({ fileName }) => !fileName.includes('/node_modules/'))
  const said = [
    ...parsed.errors,
    ...program.getOptionsDiagnostics(),
    ...files.flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]),
  ]
  process.stdout.write(
    ts.formatDiagnostics(said, { ...host, getCanonicalFileName: (name) => name }),
  )
}

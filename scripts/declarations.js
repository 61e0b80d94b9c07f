// Makes one declaration file for each entry of the package, of those that `tsc` made of src/.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rollup } from 'rollup'
import { dts } from 'rollup-plugin-dts'

const from = fileURLToPath(new URL('../build/types/', import.meta.url))
const ENTRIES = ['index', 'arrow']
/** A constructor with a comment that says `@internal`. */
const INTERNAL =
  /\/\*\*(?:(?!\*\/)[\s\S])*@internal(?:(?!\*\/)[\s\S])*\*\/\s*constructor\([\s\S]*?\);\n/g

/**
 * Only the library makes such objects, and what it makes them of is not public: with it, half of
 * the library's types would be in the file. Errors keep their constructors, for classes derived
 * from them.
 */
const privateConstructors = {
  name: 'private-constructors',
  transform: (code, id) =>
    id.startsWith(join(from, 'errors')) ? null : code.replace(INTERNAL, 'private constructor();\n'),
}

/**
 * The declarations of the CommonJS form go to `<entry>.d.cts` in a folder. Those of the other forms
 * are in `folders` below it and refer to them, so that all have the same classes.
 */
export async function writeDeclarations(to, folders) {
  const made = await rollup({
    input: Object.fromEntries(ENTRIES.map((name) => [name, join(from, `${name}.d.ts`)])),
    external: (id) => !/^[./]/.test(id),
    plugins: [privateConstructors, dts()],
    onwarn(warning) {
      throw new Error(warning.message)
    },
  })
  const { output } = await made.generate({ format: 'es', entryFileNames: '[name].d.cts' })
  await made.close()
  if (output.length !== ENTRIES.length) throw new Error('the declarations share a file')
  for (const { fileName, code } of output) writeFileSync(join(to, fileName), code)
  for (const name of ENTRIES) {
    writeFileSync(join(to, `${name}.d.ts`), `export * from './${name}.cjs'\n`)
    for (const folder of folders)
      writeFileSync(join(to, folder, `${name}.d.ts`), `export * from '../${name}.cjs'\n`)
  }
}

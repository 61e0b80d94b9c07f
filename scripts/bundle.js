// Bundles what `tsc` made of src/ into few files, as Node takes 40 ms to load a hundred small ones,
// and gives each entry point the forms in which it is asked for. Whoever asks gets one copy of the
// library in a process; package.json says who gets which:
// - dist/*.js: ES modules. For `import`, for `require` where Node can require a module (20.19,
//   22.12), and for bundlers.
// - dist/*.cjs: CommonJS. For `require` in an older Node, and for jest.
// - dist/import/index.js: an ES module on top of dist/index.cjs. For `import` in an older Node,
//   where `require` gets that.
// - dist/import/arrow.js and dist/arrow.cjs use the form of apache-arrow that the program uses, and
//   the copy of the library that Node uses, by the name #internals. The types are those of the
//   CommonJS form; the others refer to them, so that they are the same classes.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rollup } from 'rollup'

const [from, types, to] = ['../build/js/', '../build/types/', '../dist/'].map((folder) =>
  fileURLToPath(new URL(folder, import.meta.url)),
)
const INTERNALS = 'internals'
/**
 * Entries that are not called as their module is: what other threads have the main thread require
 * (src/native/main-thread.ts).
 */
const MODULES = { 'main-thread': 'native/on-main-thread' }
/** What arrow.js needs of the library. */
const SHARED = ['errors/index.js', 'wire/index.js']
/** Packages that go into the bundles, so that whoever installs pythreads does not need them. */
const BUNDLED = ['smol-toml']
const common = {
  external: (id) => !/^[./]/.test(id) && id !== INTERNALS && !BUNDLED.includes(id),
  onwarn(warning) {
    if (warning.code === 'THIS_IS_UNDEFINED') return // tsc's helpers for `using` look there
    if (warning.ids?.every((id) => id.includes('node_modules'))) return // circles of a package
    throw new Error(warning.message)
  },
}

async function bundle(names, output, options = {}) {
  const input = Object.fromEntries(
    names.map((name) => [name, name === INTERNALS ? name : `${from}${MODULES[name] ?? name}.js`]),
  )
  const plugins = [bundled, ...(options.plugins ?? [])]
  const made = await rollup({ ...common, ...options, plugins, input })
  const { output: files } = await made.write({ dir: to, hoistTransitiveImports: false, ...output })
  await made.close()
  return new Map(files.flatMap((file) => (file.isEntry ? [[file.name, file.exports]] : [])))
}

const bundled = {
  name: 'bundled',
  resolveId: (id) => (BUNDLED.includes(id) ? fileURLToPath(import.meta.resolve(id)) : null),
}
const internals = {
  name: INTERNALS,
  resolveId: (id) => (id === INTERNALS ? id : null),
  load: (id) =>
    id === INTERNALS
      ? SHARED.map((path) => `export * from ${JSON.stringify(from + path)}`).join('\n')
      : null,
}
const commonJs = {
  name: 'commonjs',
  // Rollup's own way looks for a document first, which jest may have.
  resolveImportMeta: (name) =>
    name === 'url' ? "require('node:url').pathToFileURL(__filename).href" : null,
}
const throughInternals = {
  name: 'through-internals',
  resolveId: (id) =>
    SHARED.includes(id.replace('./', '')) ? { id: `#${INTERNALS}`, external: true } : null,
}

// What a program loads is one file, as each costs half a millisecond: not one for each set of
// entries that share something.
// What few programs need is loaded when it is used (`environments/`).
const inOneFile = (id) =>
  id.startsWith(from) && !/^(cli\/|environments\/|arrow\.js)/.test(id.slice(from.length))
    ? 'pythreads'
    : undefined

await bundle(
  ['index', 'arrow', INTERNALS, 'cli/main'],
  { format: 'es', chunkFileNames: '[name]-[hash].js', manualChunks: inOneFile },
  { plugins: [internals] },
)
const exported = await bundle(
  ['index', INTERNALS, 'main-thread'],
  {
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    exports: 'named',
  },
  { plugins: [internals, commonJs] },
)
await bundle(
  ['arrow'],
  { format: 'es', entryFileNames: 'import/[name].js' },
  { plugins: [throughInternals] },
)
await bundle(
  ['arrow'],
  { format: 'cjs', entryFileNames: '[name].cjs', exports: 'named' },
  { plugins: [throughInternals] },
)

mkdirSync(join(to, 'import'), { recursive: true })
writeFileSync(
  join(to, 'import', 'index.js'),
  `export { ${exported.get('index').join(', ')} } from '../index.cjs'\n`,
)

for (const name of readdirSync(types, { recursive: true })) {
  if (!name.endsWith('.d.ts') || name.startsWith('cli')) continue
  const text = readFileSync(join(types, name), 'utf8')
    .replace(/((?:from|import\() ?['"]\.[^'"]*)\.(?:ts|js)(?=['"])/g, '$1.cjs')
    .replace(/^(import type .* from 'koffi')/gm, "$1 with { 'resolution-mode': 'import' }") // its types are those of an ES module
  const target = join(to, name.replace(/\.d\.ts$/, '.d.cts'))
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, text)
}
for (const name of ['index', 'arrow']) {
  writeFileSync(join(to, `${name}.d.ts`), `export * from './${name}.cjs'\n`)
  writeFileSync(join(to, 'import', `${name}.d.ts`), `export * from '../${name}.cjs'\n`)
}

// Makes `dist/` of what `tsc` made of src/ and of the kernel.
//
// - core.cjs is the whole library, as a function of Node's own modules. It has no imports and no
//   exports, so it is the same file for ES modules, for CommonJS and for each bundler, and a
//   process gets one copy of the library whoever asks for it. It stands in `globalThis` under a
//   symbol that has its hash.
// - The entries give it Node's modules and export what it makes. package.json says who gets which:
//   index.js: `import` in a Node that can require ES modules; it requires, as an `import` would
//   first look for exports in half a megabyte. index.cjs: `require`. import/index.js: `import` in
//   an older Node, and in bundlers that look like one. bundled/index.js: bundlers.
// - kernel-<hash>/ is the kernel without comments, and embedded.cjs the same as a text for bundles.
// - arrow.* uses the form of apache-arrow that the program uses.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync } from 'node:zlib'
import { transform } from 'esbuild'
import { rollup } from 'rollup'
import { writeDeclarations } from './declarations.js'
import { stripPython } from './strip-python.js'

const [from, kernelSource, to] = ['../build/js/', '../kernel/pythreads_kernel/', '../dist/'].map(
  (folder) => fileURLToPath(new URL(folder, import.meta.url)),
)

/** What is bundled on its own and uses the core, by its name in `dist/`. */
const SATELLITES = ['cli/main', 'arrow']
const PUBLIC = 'index.js'
/** What other threads have the main thread call (src/native/main-thread.ts). */
const ON_MAIN_THREAD = ['native/on-main-thread.js', ['initialise', 'reap']]

/** Packages that go into the core, so that whoever installs pythreads does not need them. */
const BUNDLED = ['smol-toml']
const bundled = {
  name: 'bundled',
  resolveId: (id) => (BUNDLED.includes(id) ? fileURLToPath(import.meta.resolve(id)) : null),
}

const hashOf = (text) => createHash('sha256').update(text).digest('hex').slice(0, 16)
const isOwn = (id) => /^[./]/.test(id)
/** Which modules a satellite contains: its own and, for the command line, those of its folder. */
const isWithin = (id, satellite) =>
  relative(from, id).startsWith(satellite.startsWith('cli/') ? `cli${sep}` : `${satellite}.js`)

// tsc's helpers for `using` look at `this`; rollup takes AMD modules to be for browsers.
const EXPECTED = ['THIS_IS_UNDEFINED', 'MISSING_NODE_BUILTINS']

function onwarn({ code, message, ids = [] }) {
  if (EXPECTED.includes(code)) return
  if (ids.length > 0 && ids.every((id) => id.includes('node_modules'))) return // circles of a package
  throw new Error(message)
}

async function build(input, { external, plugins = [] }, output) {
  const made = await rollup({
    input,
    external,
    plugins,
    onwarn,
    makeAbsoluteExternalsRelative: false,
  })
  const { output: chunks } = await made.generate({ inlineDynamicImports: true, ...output })
  await made.close()
  if (chunks.length !== 1) throw new Error(`${input} became ${chunks.length} files`)
  return chunks[0]
}

/**
 * Removes what only a reader of dist/ needs: a tenth of the packed file. Names stay, and lines are
 * short, so that a stack trace names a function and a place.
 */
async function dense(text) {
  const options = { minifyWhitespace: true, lineLimit: 100, target: 'esnext', charset: 'utf8' }
  const { code } = await transform(text, options)
  // No line ends within a text: rollup indents lines of what it bundles, also such ones.
  return code.replace(/(?<!\\)((?:\\\\)*)\\\n/g, '$1')
}

function write(name, text) {
  const path = join(to, name)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}

/** The modules of the library that a satellite imports, with the names that it uses of each. */
async function importsOf(satellite) {
  const { importedBindings, dynamicImports } = await build(
    `${from}${satellite}.js`,
    {
      external: (id) => !isOwn(id),
      plugins: [
        virtual(
          () => null,
          (id, importer) =>
            importer !== undefined && isOwn(id) && !isWithin(absolute(id, importer), satellite)
              ? { id: absolute(id, importer), external: 'absolute' }
              : null,
        ),
      ],
    },
    { format: 'es' },
  )
  // Which names the command line takes of a module that it loads later, nobody says: all.
  const later = dynamicImports.filter(isOwn).map(async (id) => [id, await exportsOf(id)])
  return [
    ...Object.entries(importedBindings).filter(([id]) => isOwn(id)),
    ...(await Promise.all(later)),
  ]
}

const exportsOf = async (id) =>
  (await build(id, { external: (one) => !isOwn(one) }, { format: 'es' })).exports

const absolute = (id, importer) => (id.startsWith('.') ? join(dirname(importer), id) : id)

/** A module whose text is `load(id)` where that is a text. */
const virtual = (load, resolveId = (id) => (load(id) === null ? null : id)) => ({
  name: 'virtual',
  resolveId,
  load,
})

// The kernel
const kernel = Object.fromEntries(
  readdirSync(kernelSource)
    .filter((name) => name.endsWith('.py'))
    .sort()
    .map((name) => [name, stripPython(readFileSync(join(kernelSource, name), 'utf8'))]),
)
const kernelText = JSON.stringify(kernel)
const kernelHash = hashOf(kernelText)
const kernelFolder = `kernel-${kernelHash}`
for (const [name, text] of Object.entries(kernel))
  write(join(kernelFolder, 'pythreads_kernel', name), text)
const EMBEDDED = `globalThis[Symbol.for('pythreads.kernel.${kernelHash}')]`
const files = brotliCompressSync(kernelText).toString('base64')
write('embedded.cjs', `${EMBEDDED} ??= ${JSON.stringify({ hash: kernelHash, files })}\n`)

// The core
const used = new Map([[from + ON_MAIN_THREAD[0], new Set(ON_MAIN_THREAD[1])]])
for (const satellite of SATELLITES)
  for (const [id, names] of await importsOf(satellite))
    used.set(id, new Set([...(used.get(id) ?? []), ...names]))
const exportOf = (id, names) => `export { ${[...names].join(', ')} } from ${JSON.stringify(id)}\n`
const publicModule = await build(from + PUBLIC, { external: (id) => !isOwn(id) }, { format: 'es' })
used.delete(from + PUBLIC)
const core = await build(
  'core',
  {
    external: (id) => id.startsWith('node:'),
    plugins: [
      bundled,
      virtual((id) => {
        if (id !== 'core') return null
        const publicNames = new Set(publicModule.exports)
        const others = [...used].map(([id, names]) => [
          id,
          [...names].filter((name) => !publicNames.has(name)),
        ])
        const lines = others
          .filter(([, names]) => names.length > 0)
          .map((entry) => exportOf(...entry))
        return [
          `export * from ${JSON.stringify(from + PUBLIC)}\nexport { setEntry } from ${JSON.stringify(`${from}entry.js`)}\n`,
          ...lines,
        ].join('')
      }),
      { name: 'no-place', transform: (code) => code.replaceAll('import.meta.url', 'undefined') },
    ],
  },
  { format: 'amd', interop: 'compat', esModule: false, indent: false },
)
const own = core.imports
const factory = /^define\(\[[^\]]*\], (\(function \([\s\S]*\}\))\);\s*$/.exec(core.code)?.[1]
if (core.code.includes('import.meta')) throw new Error('src/ uses import.meta outside of entry.ts')
if (factory === undefined) throw new Error('rollup writes AMD modules in another way than it did')
const CORE = `globalThis[Symbol.for('pythreads.${hashOf(factory)}')]`
const NOTE = "// The library, as a function of Node's own modules: the entries beside it call it.\n"
write(
  'core.cjs',
  NOTE +
    (await dense(`${CORE} ??= ((make) => {
  let made
  return (...own) => {
    if (made === undefined && own.length > 0) {
      const exported = {}
      make(exported, ...own)
      made = exported
    }
    return made
  }
})(${factory})
`)),
)

// The entries
const names = publicModule.exports.join(', ')
const requires = own.map((id) => `require(${JSON.stringify(id)})`).join(', ')
const imports = own.map((id, i) => `import * as own${i} from ${JSON.stringify(id)}\n`).join('')
const values = own.map((_, i) => `own${i}`).join(', ')
const entryOf = ({ files, folder = 'undefined', mainThread = 'undefined', embedded }) =>
  `core.setEntry({ files: [${files}], kernel: ${folder}, mainThread: ${mainThread}, library: ${JSON.stringify(`${CORE}?.()`)}, embedded: ${embedded} })\n`
const beside = (path) => `fileURLToPath(new URL(${JSON.stringify(path)}, import.meta.url))`
/** An expression that bundlers may have made impossible. */
const attempt = (expression) => `(() => { try { return ${expression} } catch {} })()`

write(
  'index.cjs',
  `'use strict'
const { join } = require('node:path')
require('./core.cjs')
const core = ${CORE}(${requires})
${entryOf({
  files: '__filename',
  folder: `join(__dirname, '${kernelFolder}')`,
  mainThread: "join(__dirname, 'main-thread.cjs')",
  embedded: `() => (require('./embedded.cjs'), ${EMBEDDED})`,
})}${publicModule.exports.map((name) => `exports.${name} = core.${name}\n`).join('')}`,
)
write(
  'index.js',
  `import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
const require = createRequire(import.meta.url)
require('./core.cjs')
const core = ${CORE}(${requires})
${entryOf({
  files: 'import.meta.url',
  folder: beside(kernelFolder),
  mainThread: beside('main-thread.cjs'),
  embedded: `() => (require('./embedded.cjs'), ${EMBEDDED})`,
})}export const { ${names} } = core
`,
)
write(
  'import/index.js',
  `import { fileURLToPath } from 'node:url'
${imports}import '../core.cjs'
const core = ${CORE}(${values})
${entryOf({
  files: 'import.meta.url',
  folder: attempt(beside(`../${kernelFolder}`)),
  mainThread: attempt(beside('../main-thread.cjs')),
  embedded: `() => import('../embedded.cjs').then(() => ${EMBEDDED})`,
})}export const { ${names} } = core
`,
)
write(
  'bundled/index.js',
  `${imports}import '../core.cjs'
import '../embedded.cjs'
const core = ${CORE}(${values})
${entryOf({
  files: `import.meta.url, ${attempt('__filename')}`,
  embedded: `() => ${EMBEDDED}`,
})}export const { ${names} } = core
`,
)

// The satellites
async function satellite(name, library, output) {
  const LIBRARY = '\0library'
  const all = [...new Set((await importsOf(name)).flatMap(([, names]) => names))]
  const { code } = await build(
    `${from}${name}.js`,
    {
      external: (id) => !isOwn(id) && id !== LIBRARY,
      plugins: [
        virtual(
          (id) =>
            id === LIBRARY
              ? `import ${JSON.stringify(library)}\nexport const { ${all.join(', ')} } = ${CORE}()`
              : null,
          (id, importer) =>
            importer === LIBRARY && id === library
              ? { id, external: 'absolute' }
              : importer !== undefined && isOwn(id) && !isWithin(absolute(id, importer), name)
                ? LIBRARY
                : null,
        ),
      ],
    },
    output,
  )
  return code
}
const es = { format: 'es' }
const cjs = { format: 'cjs', exports: 'named', esModule: false }
write('cli/main.js', await dense(await satellite('cli/main', '../index.js', es)))
write('main-thread.cjs', `'use strict'\nrequire('./index.cjs')\nmodule.exports = ${CORE}()\n`)
const arrow = await satellite('arrow', './index.js', es)
for (const name of ['arrow.js', 'import/arrow.js', 'bundled/arrow.js']) write(name, arrow)
write('arrow.cjs', await satellite('arrow', './index.cjs', cjs))

await writeDeclarations(to, ['import', 'bundled'])

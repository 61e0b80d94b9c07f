// Makes `dist/` of what `tsc` made of src/ and of the kernel.
//
// - core.cjs is the whole library, as a function of Node's own modules. It has no imports and no
//   exports, so it is the same file for ES modules, for CommonJS and for each bundler, and a
//   process gets one copy of the library whoever asks for it. It stands in `globalThis` under a
//   symbol that has its hash.
// - environments.cjs is the same for what only the option `dependencies` and the command line need.
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
/** What few programs need, by the name of its module: a script like the core, loaded when it is used. */
const ENVIRONMENTS = 'environments/index'
const PUBLIC = 'index.js'
/** What other threads have the main thread call (src/native/main-thread.ts). */
const ON_MAIN_THREAD = ['native/on-main-thread.js', ['initialise', 'reap']]

/** Packages that are bundled, so that whoever installs pythreads does not need them. */
const BUNDLED = ['smol-toml']
const bundled = {
  name: 'bundled',
  resolveId: (id) => (BUNDLED.includes(id) ? fileURLToPath(import.meta.resolve(id)) : null),
}

const hashOf = (text) => createHash('sha256').update(text).digest('hex').slice(0, 16)
const isOwn = (id) => /^[./]/.test(id)
/** Which modules are in a file that is bundled on its own: its own, or those of its folder. */
const isWithin = (id, name) =>
  relative(from, id).startsWith(name.includes('/') ? `${dirname(name)}${sep}` : `${name}.js`)

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
  const options = {
    minifyWhitespace: true,
    lineLimit: 100,
    target: 'esnext',
    charset: 'utf8',
    legalComments: 'none', // bundlers would write them to a file of their own
  }
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
const used = new Map([
  [`${from}entry.js`, new Set(['entry', 'setEntry'])],
  [from + ON_MAIN_THREAD[0], new Set(ON_MAIN_THREAD[1])],
])
for (const name of [...SATELLITES, ENVIRONMENTS])
  for (const [id, names] of await importsOf(name))
    if (!isWithin(id, ENVIRONMENTS)) used.set(id, new Set([...(used.get(id) ?? []), ...names]))
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
        return [`export * from ${JSON.stringify(from + PUBLIC)}\n`, ...lines].join('')
      }),
      {
        name: 'no-place',
        transform: (code) =>
          code
            .replaceAll('import.meta.url', 'undefined')
            .replace(/import\(.*ENVIRONMENTS\)+/, 'undefined'),
      },
    ],
  },
  { format: 'amd', interop: 'compat', esModule: false, indent: false },
)
if (core.code.includes('import.meta')) throw new Error('src/ uses import.meta outside of entry.ts')

/** The function that rollup has put into an AMD module, and the modules that it takes, in order. */
function factoryOf({ code }) {
  const [, ids, factory] =
    /^define\(\['exports', ?([^\]]*)\], (\(function \([\s\S]*\}\))\);\s*$/.exec(code) ?? []
  if (factory === undefined) throw new Error('rollup writes AMD modules in another way than it did')
  return { factory, takes: ids.split(',').map((id) => id.trim().slice(1, -1)) }
}

/** Writes a script that makes such a function's exports once; returns where they are found. */
async function writeScript(name, note, module) {
  const { factory } = factoryOf(module)
  const place = `globalThis[Symbol.for('pythreads.${hashOf(factory)}')]`
  const text = `${place} ??= ((make) => {
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
`
  write(name, `// ${note}\n${await dense(text)}`)
  return place
}

const CORE = await writeScript(
  'core.cjs',
  "The library, as a function of Node's own modules: the entries beside it call it.",
  core,
)
/** The names that a file takes of the library, and of the environments. */
async function namesOf(name) {
  const all = await importsOf(name)
  const namesIn = (isIt) => [...new Set(all.flatMap(([id, names]) => (isIt(id) ? names : [])))]
  return {
    library: namesIn((id) => !isWithin(id, ENVIRONMENTS)),
    environments: namesIn((id) => isWithin(id, ENVIRONMENTS)),
  }
}
const environments = await build(
  `${from}${ENVIRONMENTS}.js`,
  {
    external: (id) => id.startsWith('node:'),
    plugins: [bundled, await library(ENVIRONMENTS)],
  },
  { format: 'amd', interop: 'compat', esModule: false, indent: false },
)
const PART = await writeScript(
  'environments.cjs',
  'What the option `dependencies` needs of the library, which loads it then.',
  environments,
)

/** The modules of the library that are not in a file: taken from where they are found. */
async function library(name, first = '') {
  const LIBRARY = '\0library'
  const OTHERS = '\0environments'
  const names = await namesOf(name)
  const texts = {
    [LIBRARY]: `${first}export const { ${names.library.join(', ')} } = ${CORE}()`,
    [OTHERS]: `${first}export const { ${names.environments.join(', ')} } = await ${CORE}().entry().environments()`,
  }
  return virtual(
    (id) => texts[id] ?? null,
    (id, importer) => {
      if (importer === undefined || !isOwn(id)) return null
      if (importer in texts) return { id, external: 'absolute' }
      const path = absolute(id, importer)
      if (isWithin(path, name) || !path.startsWith(from)) return null // itself, or a package
      return isWithin(path, ENVIRONMENTS) ? OTHERS : LIBRARY
    },
  )
}

// The licences of the packages that are bundled
const licences = BUNDLED.map((id) => {
  const folder = `../node_modules/${id}/`
  const text = readFileSync(fileURLToPath(new URL(`${folder}LICENSE`, import.meta.url)), 'utf8')
  return `${id}\n\n${text}`
})
write('LICENSES.txt', licences.join('\n\n'))

// The entries
const names = publicModule.exports.join(', ')
const requiresOf = (module) =>
  factoryOf(module)
    .takes.map((id) => `require(${JSON.stringify(id)})`)
    .join(', ')
const requires = requiresOf(core)
const own = [...new Set([core, environments].flatMap((module) => factoryOf(module).takes))]
const imports = own.map((id, i) => `import * as own${i} from ${JSON.stringify(id)}\n`).join('')
const valuesOf = (module) =>
  factoryOf(module)
    .takes.map((id) => `own${own.indexOf(id)}`)
    .join(', ')
const values = valuesOf(core)
const entryOf = ({
  files,
  folder = 'undefined',
  mainThread = 'undefined',
  environments,
  embedded,
}) =>
  `core.setEntry({ files: [${files}], kernel: ${folder}, mainThread: ${mainThread}, library: ${JSON.stringify(`${CORE}?.()`)}, environments: ${environments}, embedded: ${embedded} })\n`
const required = `() => (require('./environments.cjs'), ${PART}(${requiresOf(environments)}))`
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
  environments: required,
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
  environments: required,
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
  environments: `() => import('../environments.cjs').then(() => ${PART}(${valuesOf(environments)}))`,
  embedded: `() => import('../embedded.cjs').then(() => ${EMBEDDED})`,
})}export const { ${names} } = core
`,
)
write(
  'bundled/index.js',
  `${imports}import '../core.cjs'
import '../embedded.cjs'
import '../environments.cjs'
const core = ${CORE}(${values})
${entryOf({
  files: `import.meta.url, ${attempt('__filename')}`,
  environments: `() => ${PART}(${valuesOf(environments)})`,
  embedded: `() => ${EMBEDDED}`,
})}export const { ${names} } = core
`,
)

// The satellites
async function satellite(name, file, output) {
  const { code } = await build(
    `${from}${name}.js`,
    {
      external: (id) => !isOwn(id) && !id.startsWith('\0'),
      plugins: [await library(name, `import ${JSON.stringify(file)}\n`)],
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

// Bundles what `tsc` made of src/ into one file for each entry point, and what they share: Node takes 40 ms to load a hundred small files.
import { fileURLToPath } from 'node:url'
import { rollup } from 'rollup'

const [from, to] = ['../build/js/', '../dist/'].map((folder) => fileURLToPath(new URL(folder, import.meta.url)))
const ENTRIES = ['index', 'arrow', 'cli/main']

const bundle = await rollup({
  input: Object.fromEntries(ENTRIES.map((name) => [name, `${from}${name}.js`])),
  external: (id) => !/^[./]/.test(id),
  onwarn(warning) {
    if (warning.code !== 'THIS_IS_UNDEFINED') throw new Error(warning.message) // tsc's helpers for `using` look there
  },
})
await bundle.write({ dir: to, format: 'es', chunkFileNames: '[name]-[hash].js', hoistTransitiveImports: false })
await bundle.close()

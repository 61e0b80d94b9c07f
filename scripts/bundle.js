// Bundles what `tsc` made of src/ into one file for each entry point, and what they share: Node takes 40 ms to load a hundred small files.
import { fileURLToPath } from 'node:url'
import { rollup } from 'rollup'

const [from, to] = ['../build/js/', '../dist/'].map((folder) => fileURLToPath(new URL(folder, import.meta.url)))
const ENTRIES = ['index', 'arrow', 'cli/main']

await write(Object.fromEntries(ENTRIES.map((name) => [name, name])), {
  format: 'es',
  chunkFileNames: '[name]-[hash].js',
  hoistTransitiveImports: false,
})
// What other threads have the main thread require (src/capi/main-thread.ts).
await write({ 'main-thread': 'capi/on-main-thread' }, { format: 'cjs', entryFileNames: '[name].cjs' })

async function write(entries, output) {
  const bundle = await rollup({
    input: Object.fromEntries(Object.entries(entries).map(([name, module]) => [name, `${from}${module}.js`])),
    external: (id) => !/^[./]/.test(id),
    onwarn(warning) {
      if (warning.code !== 'THIS_IS_UNDEFINED') throw new Error(warning.message) // tsc's helpers for `using` look there
    },
  })
  await bundle.write({ dir: to, ...output })
  await bundle.close()
}

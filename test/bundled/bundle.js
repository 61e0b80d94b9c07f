// Makes one file of an application: bundle.js <folder of bundlers> <bundler> <esm|cjs>
// <minified|plain> <entry> <output>.
// Prints the warnings as JSON.
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [tools, bundler, format, size, entry, output] = process.argv.slice(2)
const minify = size === 'minified'
const require = createRequire(join(tools, 'package.json'))
const load = async (name) => import(pathToFileURL(require.resolve(name)).href)

const BUNDLERS = {
  async esbuild(conditions) {
    const { build } = await load('esbuild')
    const { warnings } = await build({
      ...{ entryPoints: [entry], outfile: output, bundle: true, platform: 'node' },
      ...{ format, minify, logLevel: 'silent', ...(conditions && { conditions }) },
    })
    return warnings.map(({ text }) => text)
  },

  // With conditions of the user's own, esbuild leaves out `module`.
  'esbuild with conditions': () => BUNDLERS.esbuild(['custom']),

  async rollup() {
    const { rollup } = await import('rollup')
    const { nodeResolve } = await load('@rollup/plugin-node-resolve')
    const warnings = []
    const onwarn = ({ message }) => warnings.push(message)
    const made = await rollup({ input: entry, plugins: [nodeResolve()], onwarn })
    await made.write({ file: output, format })
    await made.close()
    return warnings
  },

  async vite() {
    const { build } = await import('vite')
    const warnings = []
    const file = { format, entryFileNames: basename(output) }
    await build({
      ...{ root: dirname(entry), configFile: false, ssr: { noExternal: true } },
      build: {
        ...{ ssr: entry, outDir: dirname(output), minify: minify && 'esbuild' },
        rollupOptions: { output: file, onwarn: ({ message }) => warnings.push(message) },
      },
      logLevel: 'error',
    })
    return warnings
  },

  async webpack() {
    const { default: webpack } = await load('webpack')
    const isModule = format === 'esm'
    const library = { type: isModule ? 'module' : 'commonjs2' }
    const stats = await new Promise((resolve, reject) => {
      const options = {
        ...{ mode: 'production', target: 'node', entry, context: dirname(entry) },
        ...{ optimization: { minimize: minify }, experiments: { outputModule: isModule } },
        output: { path: dirname(output), filename: basename(output), library },
      }
      webpack(options, (error, made) => (error ? reject(error) : resolve(made)))
    })
    const { errors, warnings } = stats.toJson({ errors: true, warnings: true })
    return [...errors, ...warnings].map(({ message }) => message)
  },

  bun() {
    const name = `@oven/bun-${process.platform}-${process.arch}`
    const program = join(dirname(require.resolve(`${name}/package.json`)), 'bin', 'bun')
    const flags = ['--target=node', `--format=${format}`, ...(minify ? ['--minify'] : [])]
    execFileSync(program, ['build', entry, ...flags, `--outfile=${output}`], { stdio: 'pipe' })
    return []
  },
}

console.log(JSON.stringify(await BUNDLERS[bundler]()))

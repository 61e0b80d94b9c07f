/**
 * Checks which part of the project imports which: `npm run lint` runs it. The list of floors below
 * is the only place that says so.
 *
 * A file may import the files of its own room, and the `index.ts` of rooms on lower floors. The
 * command line imports only `src/index.ts`. No files import each other in a circle; imports of types
 * count. The kernel has no rooms: only circles are looked for there.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * From the lowest to the highest: a room imports only what stands before it. A file of `src/`
 * itself is a room.
 */
export const FLOORS = [
  'own.ts attempt.ts builtin.ts archives.ts entry.ts errors observe wire kernel.ts platform',
  'discovery environments native memory isolation options references scheduler worker pool remote',
  'sync start.ts python-stats.ts python.ts arrow.ts index.ts cli',
].flatMap((line) => line.split(' '))
/** The command line uses what everybody can use; these also look at what only the project sees. */
const CLI_EXCEPTIONS =
  /^cli\/(doctor\/\w+|commands\/(doctor|tour|env|install|lock)|ceiling|dependencies|install-arguments)\.ts$/
/** Only these rooms import native code. */
const NATIVE_ROOMS = ['native']

/**
 * The files that a file imports, as `{ line, text }`: what is written behind `from` or in
 * `import()`.
 */
export function importsOf(source) {
  const found = []
  for (const match of source.matchAll(/(?:\bfrom |\bimport\(|^import )'([^']+)'/gm)) {
    found.push({ line: source.slice(0, match.index).split('\n').length, text: match[1] })
  }
  return found
}

/** The sentences to print for these files: `{ path: source }`, paths relative to `src/`. */
export function complaints(files) {
  const found = []
  const graph = new Map()
  for (const [file, source] of Object.entries(files)) {
    const room = roomOf(file)
    if (!FLOORS.includes(room))
      found.push(`src/${file}: the room ${room} stands on no floor: add it to scripts/floors.js`)
    const targets = []
    for (const { line, text } of importsOf(source)) {
      const where = `src/${file}:${line}`
      if (!text.startsWith('.')) {
        if (text === 'koffi' && !NATIVE_ROOMS.includes(room))
          found.push(`${where}: only src/native imports koffi`)
        continue
      }
      const target = normalize(join(dirname(file), text))
      targets.push(target)
      const other = roomOf(target)
      if (other === room) continue
      if (room === 'cli') {
        if (target !== 'index.ts' && !CLI_EXCEPTIONS.test(file))
          found.push(`${where}: the command line imports only src/index.ts`)
        continue
      }
      if (FLOORS.indexOf(other) > FLOORS.indexOf(room))
        found.push(`${where}: ${room} stands below ${other} and cannot import it`)
      if (!target.endsWith('index.ts') && other !== target)
        found.push(`${where}: import src/${other}/index.ts, not a file of that room`)
    }
    graph.set(file, targets)
  }
  for (const circle of circles(graph))
    found.push(`these files import each other in a circle: ${circle.join(' -> ')}`)
  return found
}

/**
 * The sentences to print for the kernel: `{ module: source }`, e.g. `{ 'frames.py': '...' }`. An
 * import counts wherever it stands: one within a function saves time, and is no less a dependency.
 */
export function kernelComplaints(files) {
  const graph = new Map(
    Object.entries(files).map(([file, source]) => [
      file,
      kernelImportsOf(source).map((name) => `${name}.py`),
    ]),
  )
  return circles(graph).map(
    (circle) => `these modules of the kernel import each other in a circle: ${circle.join(' -> ')}`,
  )
}

/** The modules of the kernel that a module of it imports: `from .a import b`, `from . import a`. */
function kernelImportsOf(source) {
  const found = []
  for (const match of source.matchAll(/^ *from \.(\w*) import (\([^)]*\)|[^\n#]*)/gm)) {
    const [, name, list] = match
    if (name !== '') found.push(name)
    else
      for (const item of list.replace(/#.*/g, '').matchAll(/(\w+)(?: as \w+)?/g))
        found.push(item[1])
  }
  return found
}

function roomOf(file) {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : file
}

/** One circle for each set of files that reach each other. */
function circles(graph) {
  const found = []
  const done = new Set()
  const path = []
  const visit = (file) => {
    const at = path.indexOf(file)
    if (at >= 0) return void found.push([...path.slice(at), file])
    if (done.has(file) || !graph.has(file)) return
    path.push(file)
    for (const target of graph.get(file)) visit(target)
    path.pop()
    done.add(file)
  }
  for (const file of graph.keys()) visit(file)
  return found
}

function read(folder, suffix) {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  return Object.fromEntries(
    names
      .filter((name) => name.endsWith(suffix))
      .map((name) => [relative('.', name), readFileSync(join(folder, name), 'utf8')]),
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const found = [
    ...complaints(read(join(root, 'src'), '.ts')),
    ...kernelComplaints(read(join(root, 'kernel/pythreads_kernel'), '.py')),
  ]
  for (const sentence of found) console.error(sentence)
  if (found.length > 0) process.exitCode = 1
}

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Places } from './places.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Packs the package as it was built. Returns the path of the packed file. */
export function packInto(folder: string): string {
  if (!existsSync(join(root, 'dist', 'index.js')))
    throw new Error('There is nothing to pack: npm run build')
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
  const printed = execFileSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // npm 12: by name
  const [packed] = Object.values(JSON.parse(printed)) as { filename: string }[]
  if (packed === undefined) throw new Error('npm packed nothing')
  return join(folder, packed.filename)
}

/** Makes a project with the packed package in its `node_modules`. Returns the folder. */
export function projectWithPackage(places: Places, name: string, manifest: object = {}): string {
  places.file(join(name, 'package.json'), JSON.stringify({ private: true, ...manifest }))
  const folder = places.path(name)
  const args = ['install', packInto(places.root), '--ignore-scripts', '--no-audit', '--no-fund']
  execFileSync('npm', [...args, '--prefer-offline'], { cwd: folder, stdio: 'pipe' })
  return folder
}

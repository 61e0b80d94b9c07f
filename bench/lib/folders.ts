// Where things are. Both the sources and what is compiled from them (build/bench) use this file: it
// asks for the repository's root.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT: string = findRoot(dirname(fileURLToPath(import.meta.url)))
export const BENCH_FOLDER: string = join(ROOT, 'bench')
export const PEERS_FOLDER: string = join(BENCH_FOLDER, '.peers')
export const RESULTS_FOLDER: string = join(BENCH_FOLDER, 'results')
/** Where `work.py` is, which all drivers call. */
export const WORK_FOLDER: string = join(BENCH_FOLDER, 'python')
/**
 * Compiled by `tsc -p bench`: cells run in plain Node, so that no loader of TypeScript is measured
 * with them.
 */
export const CELL_PROGRAM: string = join(ROOT, 'build', 'bench', 'bench', 'cell.js')

/** The exact version of each peer. */
export function peerVersions(): Readonly<Record<string, string>> {
  const { peers } = JSON.parse(readFileSync(join(BENCH_FOLDER, 'package.json'), 'utf8')) as {
    peers: Record<string, string>
  }
  return peers
}

function findRoot(folder: string): string {
  const manifest = join(folder, 'package.json')
  if (
    existsSync(manifest) &&
    (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: string }).name === 'pythreads'
  )
    return folder
  const parent = dirname(folder)
  if (parent === folder) throw new Error('bench is not inside the repository of pythreads')
  return findRoot(parent)
}

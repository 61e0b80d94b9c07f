import { isElectron } from '../archives.ts'

/**
 * The program that runs this JavaScript. Bun, Deno and Electron run pythreads as Node does, except
 * for in-process Python (design/runtimes.md).
 */
export function javascriptRuntime(): 'node' | 'bun' | 'deno' | 'electron' {
  const { bun, deno } = process.versions
  if (isElectron()) return 'electron'
  return bun !== undefined ? 'bun' : deno !== undefined ? 'deno' : 'node'
}

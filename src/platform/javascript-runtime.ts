/**
 * The program that runs this JavaScript. Bun and Deno run pythreads as Node does, except for
 * in-process Python (design/runtimes.md).
 */
export function javascriptRuntime(): 'node' | 'bun' | 'deno' {
  const { bun, deno } = process.versions
  return bun !== undefined ? 'bun' : deno !== undefined ? 'deno' : 'node'
}

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Frame } from './frames.ts'
import { watched } from './watch.ts'

const FOLDER = fileURLToPath(new URL('../../corpus', import.meta.url))

/** What a worker wrote that once did harm. */
export interface Case {
  readonly name: string
  /** What it did. */
  readonly what: string
  readonly frames: readonly Frame[]
}

/**
 * All cases of `test/corpus`: the first line of a file says what it did, each other line is a
 * frame.
 */
export function readCorpus(): Case[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.jsonl'))
  return names.sort().map((name) => {
    const [head, ...frames] = readFileSync(join(FOLDER, name), 'utf8').trim().split('\n')
    const { what } = JSON.parse(head ?? '') as { what: string }
    return {
      name: name.replace(/\.jsonl$/, ''),
      what,
      frames: frames.map((line) => JSON.parse(line) as Frame),
    }
  })
}

export function writeCase({ name, what, frames }: Case): string {
  const path = join(FOLDER, `${name}.jsonl`)
  writeFileSync(path, [{ what }, ...frames].map((line) => `${JSON.stringify(line)}\n`).join(''))
  return path
}

/**
 * The fewest frames of a sequence that do what all of them did; `undefined`: alone, behind a new
 * worker, they do it not.
 */
export async function minimised(
  frames: readonly Frame[],
  what: string,
): Promise<readonly Frame[] | undefined> {
  const does = async (some: readonly Frame[]) => {
    const { faults } = await watched('inside', { seed: 0, frames: 0, corpus: [some] })
    return faults.some((fault) => fault.what === what)
  }
  if (!(await does(frames))) return undefined
  let left = frames
  for (let size = Math.ceil(left.length / 2); size > 0; size = Math.floor(size / 2)) {
    for (let at = 0; at < left.length && left.length > 1; ) {
      const fewer = [...left.slice(0, at), ...left.slice(at + size)]
      if (fewer.length > 0 && (await does(fewer))) left = fewer
      else at += size
    }
  }
  return left
}

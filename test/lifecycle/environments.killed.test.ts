/**
 * Why: an environment takes seconds to minutes to make, and a process may be killed at any moment
 * of that: by Ctrl-C, by the limit of a container, by a deployment. The next start must work as if
 * nothing had happened, and several processes must be able to start at the same time.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runFixture } from '../support/child.ts'
import { PackageIndex } from '../support/package-index.ts'
import { Places } from '../support/places.ts'
import { placements } from '../support/pythons.ts'
import { realUv } from '../support/real-uv.ts'
import { isFull, scaled } from '../support/scale.ts'

const { python } = placements.find(({ isolation }) => isolation === 'process') ?? { python: '' }
const PACKAGES = [
  { name: 'greet', version: '1.5', requires: ['words>=1'] },
  { name: 'words', version: '1.0' },
]

const places = new Places()
let index: PackageIndex
let uv: string
/** Has a line for each `uv pip install`. */
const log = places.path('uv.log')

beforeAll(async () => {
  index = await PackageIndex.start(PACKAGES)
  const note = `case "$1 $2" in "pip install") echo install >>'${log}';; esac`
  uv = places.script('uv', note, `exec '${realUv(python)}' "$@"`)
})
afterAll(async () => {
  await index[Symbol.asyncDispose]()
  // A uv whose maker was killed may still write there.
  rmSync(places.root, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
})

interface Result {
  readonly steps: number
  readonly events: string[]
  readonly results: { prefix?: string; version?: string; code?: string; message?: string }[]
}

/** Runs the fixture in a process of its own. */
function start(cache: string, more: { at?: number; pools?: number } = {}, PYTHREADS_UV = uv) {
  const options = { python, isolation: 'process', dependencies: ['greet>=1'] }
  const given = JSON.stringify({ module: 'greet', options, ...more })
  const env = { ...index.env, PYTHREADS_CACHE: cache, PYTHREADS_UV }
  return runFixture('environments-make', [given], env)
}

async function startWhole(...args: Parameters<typeof start>): Promise<Result> {
  const ended = await start(...args)
  expect(ended).toMatchObject({ code: 0 })
  return JSON.parse(ended.stdout) as Result
}

/** What is in the folder of environments. */
const entries = (cache: string) => readdirSync(join(cache, 'environments'))

let caches = 0
const newCache = () => places.folder(`cache-${++caches}`)

describe('a process that is killed while it makes an environment', () => {
  it('does not keep the next process from making it, at whatever step it is killed', async () => {
    const { steps } = await startWhole(newCache())
    expect(steps).toBeGreaterThan(10)
    const every = scaled(5, 1)
    const moments = Array.from({ length: steps }, (_, i) => i + 1).filter(
      (at) => isFull || at % every === 1,
    )
    for (const at of moments) {
      const cache = newCache()
      expect(await start(cache, { at }), `killed at step ${at}`).toMatchObject({
        signal: 'SIGKILL',
      })
      const { results } = await startWhole(cache)
      expect(results, `after the end at step ${at}`).toEqual([
        { prefix: expect.stringContaining(cache), version: '1.5' },
      ])
      // what the next start finds is whole: nothing is made again
      const again = await startWhole(cache, {}, '/no/such/uv')
      expect(again).toMatchObject({ events: [], results })
    }
  })

  it('leaves neither a lock nor a half-made folder once another process has made it', async () => {
    const { steps } = await startWhole(newCache())
    const cache = newCache()
    // no program runs at this step that could write later than the next process
    for (const at of [steps, 4]) await start(cache, { at })
    const { results } = await startWhole(cache)
    const folder = results[0]?.prefix?.split('/').at(-1) ?? ''
    expect(entries(cache).sort()).toEqual([folder, `${folder.split('-')[0]}.json`].sort())
  })

  it('is not waited for when the number of its process belongs to another one now', async () => {
    const cache = newCache()
    const { results } = await startWhole(cache)
    const folder = results[0]?.prefix?.split('/').at(-1) ?? ''
    const key = folder.split('-')[0] ?? ''
    const other = newCache()
    mkdirSync(join(other, 'environments'))
    const lock = join(other, 'environments', `${key}.lock`)
    writeFileSync(lock, JSON.stringify({ pid: process.pid, started: '1', id: 'another' }))
    const { events } = await startWhole(other)
    expect(events.filter((event) => event.startsWith('wait'))).toEqual([])
    expect(existsSync(lock)).toBe(false)
  })
})

describe('a thread that is terminated while it makes an environment', () => {
  it('does not keep another thread of the process from making it', async () => {
    const cache = newCache()
    const hangs = places.file('hangs', '')
    const sleep = `if [ "$1 $2" = "pip install" ] && rm '${hangs}' 2>/dev/null; then while [ -e '${cache}' ]; do sleep 0.2; done; exit 1; fi`
    const slow = places.script('slow-uv', sleep, `exec '${uv}' "$@"`)
    const options = JSON.stringify({ python, isolation: 'process', dependencies: ['greet>=1'] })
    const env = { ...index.env, PYTHREADS_CACHE: cache, PYTHREADS_UV: slow }
    const ended = await runFixture('environments-thread', [options, hangs], env)
    expect(ended).toMatchObject({ code: 0, stdout: '1.5\n' })
    expect(entries(cache)).toHaveLength(2)
  })
})

describe('processes that need the same environment at the same time', () => {
  it('make it once, whatever the number of their pools', async () => {
    const cache = newCache()
    writeFileSync(log, '')
    const ends = await Promise.all(
      Array.from({ length: scaled(3, 8) }, () => startWhole(cache, { pools: 2 })),
    )
    const prefixes = ends.flatMap(({ results }) => results.map(({ prefix }) => prefix))
    expect(new Set(prefixes).size).toBe(1)
    expect(ends.flatMap(({ results }) => results)).not.toContainEqual(
      expect.objectContaining({ code: expect.anything() }),
    )
    const made = ends.flatMap(({ events }) => events.filter((one) => one.includes(': Made ')))
    expect(made).toHaveLength(1)
    expect(entries(cache)).toHaveLength(2)
    expect(readFileSync(log, 'utf8')).toBe('install\n')
  })
})

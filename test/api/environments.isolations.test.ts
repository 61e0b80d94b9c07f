/**
 * Why: the environment of `dependencies` must be the Python of the workers in every isolation, in
 * `worker_threads` too: its `sys.prefix`, its packages, and the C extensions of those.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runFixture } from '../support/child.ts'
import { PackageIndex } from '../support/package-index.ts'
import { Places } from '../support/places.ts'
import { placements } from '../support/pythons.ts'
import { realUv } from '../support/real-uv.ts'

const places = new Places()
const python = placements.find(({ isolation }) => isolation === 'process')?.python ?? ''
let index: PackageIndex
let PYTHREADS_UV: string

beforeAll(async () => {
  PYTHREADS_UV = realUv(python)
  index = await PackageIndex.start([{ name: 'greet', version: '1.5' }])
})
afterAll(async () => {
  await index[Symbol.asyncDispose]()
  places[Symbol.dispose]()
})

describe.each(placements)('the environment of `dependencies` in $name', ({ isolation, python }) => {
  it.each(['the main thread', 'a thread of worker_threads'])(
    'is that of workers of %s',
    async (in_) => {
      const options = { python, isolation, dependencies: ['greet'] }
      const given = { module: 'greet', options, inThread: in_ !== 'the main thread' }
      const env = { ...index.env, PYTHREADS_CACHE: places.root, PYTHREADS_UV }
      const ended = await runFixture('environments-make', [JSON.stringify(given)], env)
      expect(ended).toMatchObject({ code: 0 })
      const { results } = JSON.parse(ended.stdout) as { results: unknown[] }
      expect(results).toEqual([
        { prefix: expect.stringContaining(places.path('environments')), version: '1.5' },
      ])
    },
  )
})

// New releases of numpy have no wheel for a free-threaded 3.13: it would be compiled for minutes.
describe.each(placements.filter(({ packages, name }) => packages !== null && !/GIL/.test(name)))(
  'numpy from the real index in $name',
  ({ isolation, python }) => {
    it('is imported, and its arrays cross', async () => {
      const options = { python, isolation, dependencies: ['numpy>=2,<2.3'] }
      const given = JSON.stringify({ module: 'numpy', options })
      const env = { PYTHREADS_CACHE: places.root, PYTHREADS_UV }
      const ended = await runFixture('environments-numpy', [given], env)
      expect(ended).toMatchObject({ code: 0, stdout: '0,2,4\n' })
    })
  },
)

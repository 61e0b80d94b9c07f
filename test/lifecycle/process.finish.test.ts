/**
 * What a Python program does at its end: `atexit`, `weakref.finalize`, threads that are no daemons,
 * files that are open, temporary files. A worker process does it when its pool is closed, the
 * Python of this process when Node ends; for a time that is limited. Each test is a host process of
 * its own (test/fixtures/exit-finish.ts).
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { type Ended, runFixture } from '../support/child.ts'
import { Places } from '../support/places.ts'
import { placements } from '../support/pythons.ts'

const PYTHON_FILES = fileURLToPath(new URL('../python', import.meta.url))
const CODES = { close: 0, 'natural end': 0, 'process.exit': 7, 'uncaught error': 1 } as const
type End = keyof typeof CODES

function finish(options: Record<string, unknown>): Promise<Ended> {
  return runFixture('exit-finish', [JSON.stringify({ path: [PYTHON_FILES], ...options })])
}

describe.each(placements)('the end of Python, $name', ({ isolation, python }) => {
  const ends: End[] =
    isolation === 'process' ? ['close'] : ['close', 'natural end', 'process.exit', 'uncaught error']
  const cases = ends.flatMap((end) =>
    (end === 'close' ? ['module', 'exec'] : ['exec']).map((by) => ({ end, by })),
  )

  it.each(cases)(
    'writes, removes and calls what was left to it, once: $by, $end',
    async ({ end, by }) => {
      using places = new Places()
      const folder = places.folder('traces')
      const { code, stderr } = await finish({ isolation, python, folder, leaves: 'all', by, end })
      expect(code).toBe(CODES[end])
      expect(stderr).not.toContain('resource_tracker')
      expect(readdirSync(folder).sort()).toEqual(['bytes', 'gzip', 'notes', 'text'])
      const read = (name: string) => readFileSync(`${folder}/${name}`)
      expect([read('text').toString(), read('bytes').toString()]).toEqual(['text', 'bytes'])
      expect(gunzipSync(read('gzip')).toString()).toBe('compressed')
      expect(read('notes').toString().trim().split('\n').sort()).toEqual([
        'atexit',
        'finalize',
        'pool',
        'thread',
      ])
    },
  )

  it('takes no longer than closeGraceMs', async () => {
    const end = isolation === 'thread' ? 'process.exit' : 'close'
    const options = {
      isolation,
      python,
      folder: '',
      leaves: 'what never ends',
      by: 'exec',
      closeGraceMs: 100,
    }
    expect((await finish({ ...options, end })).code).toBe(CODES[end])
  })
})

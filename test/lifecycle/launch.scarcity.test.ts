/**
 * What becomes of workers, and of the program that has them, while the system has none left of
 * something: descriptors, threads, memory, /proc, /dev/shm, room on the disk. Each test is a host
 * of its own (test/fixtures/scarce.ts), which lacks it for a while: what it asks for meanwhile is
 * right or an error with a code, nothing stays behind, and later all is as before.
 *
 * The faults within Python are those of test/python/faults/sitecustomize.py.
 */
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect } from 'vitest'
import { Places } from '../support/places.ts'
import { eachHost, placements } from '../support/pythons.ts'
import { scaled } from '../support/scale.ts'
import { canMount, runScarce, type Scarce } from '../support/scarce.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())

const REFUSED = /^ERR_PYTHREADS_(WORKER_START|RUNTIME)$/
/** What comes later has all that it needs, and what a pool had before goes on. */
const RIGHT = /^(a pool that is there|.* later): (?!right)/

function check({ outcomes, before, after }: Scarce): void {
  const became = Object.keys(outcomes).map((key) => key.slice(key.indexOf(': ') + 2))
  expect(became.filter((outcome) => outcome !== 'right' && !REFUSED.test(outcome))).toEqual([])
  expect(Object.keys(outcomes).filter((key) => RIGHT.test(key))).toEqual([])
  for (const [name, count] of Object.entries(after))
    expect(count, name).toBeLessThanOrEqual(before[name as keyof typeof before])
}

// In the quick suite one Python for each isolation.
describe.each(scaled(placements.slice(0, 3), placements))('workers in $name', (place) => {
  const it = eachHost(place)

  it('start or say why with any number of descriptors, and leave none behind', async () => {
    const scarce = await runScarce('scarce', 'descriptors', place, {
      env: { STEP: scaled('2', '1') },
    })
    check(scarce)
    expect(scarce.outcomes['a new pool: ERR_PYTHREADS_WORKER_START']).toBeGreaterThan(0)
    expect(scarce.outcomes['a new pool: right']).toBeGreaterThan(0)
  })

  it('start for the first time or say why with any number of descriptors', async () => {
    check(
      await runScarce('scarce', 'descriptors first', place, { env: { STEP: scaled('4', '1') } }),
    )
  })

  it('start again once there is room for threads', async () => {
    const scarce = await runScarce('scarce', 'threads', place)
    check(scarce)
    if (place.isolation !== 'process')
      expect(scarce.outcomes['a new pool: ERR_PYTHREADS_WORKER_START']).toBe(1)
  })

  it.each(scaled(['mappings'], ['mappings', 'mappings first']))(
    'get and return every value without room for large %s',
    async (what) => {
      const { outcomes, ...rest } = await runScarce('scarce', what, place)
      check({ outcomes, ...rest })
      expect(Object.keys(outcomes).filter((key) => !key.endsWith(': right'))).toEqual([])
    },
  )

  const faulty = (what: string) => {
    const env = {
      PYTHONPATH: fileURLToPath(new URL('../python/faults', import.meta.url)),
      FAULT_FILE: places.path(`${place.name} ${what}`),
    }
    return runScarce('scarce', what, place, { env })
  }

  it.each(['thread', 'mmap', 'hang'])(
    'say that they do not start while Python lacks a %s, and start later',
    async (fault) => {
      const scarce = await faulty(fault)
      check(scarce)
      expect(scarce.outcomes['a new pool: ERR_PYTHREADS_WORKER_START']).toBe(1)
    },
  )

  it.each(scaled(['thread first'], ['thread first', 'mmap first']))(
    'start once Python has what it lacked when it was initialised (%s)',
    async (fault) => {
      const { outcomes, ...rest } = await faulty(fault)
      check({ outcomes, ...rest })
      expect(Object.keys(outcomes)).toEqual([
        expect.stringMatching(/ERR_PYTHREADS_(WORKER_START|RUNTIME)$/),
      ])
    },
  )

  it.each(scaled(['proc'], ['memfd', 'seal', 'proc']))(
    'get and return every value where Python has no shared memory (%s)',
    async (fault) => {
      const { outcomes, ...rest } = await faulty(fault)
      check({ outcomes, ...rest })
      expect(Object.keys(outcomes).filter((key) => !key.endsWith(': right'))).toEqual([])
    },
  )

  if (place.isolation === 'subinterpreter') {
    it('say that no interpreter can be made, and start later', async () => {
      const scarce = await faulty('interpreter')
      check(scarce)
      expect(scarce.outcomes['a new pool: ERR_PYTHREADS_WORKER_START']).toBe(1)
    })
  }

  // Only root can take parts of the system away from one process.
  const withMounts = canMount ? it : it.skip
  const MOUNTS = {
    'without /proc': 'mount -t tmpfs none /proc',
    'without /dev/shm':
      'mount -t tmpfs -o size=4k,mode=0 none /dev/shm && umount -l /dev/shm && mount -t tmpfs -o ro none /dev/shm',
    'with a full /dev/shm':
      'mount -t tmpfs -o size=4k none /dev/shm && head -c 4096 /dev/zero > /dev/shm/full',
    'with a full /dev/shm and a full folder for temporary files':
      'for i in /dev/shm /tmp; do mount -t tmpfs -o size=4k none $i && head -c 4096 /dev/zero > $i/full; done',
    'with a full folder for what is remembered':
      'mount -t tmpfs -o size=4k none /mnt && head -c 4096 /dev/zero > /mnt/full; export PYTHREADS_CACHE=/mnt',
  }
  withMounts.each(Object.entries(MOUNTS).filter((_, i) => scaled(i % 3 === 0, true)))(
    'get and return every value %s (root)',
    async (_, mounts) => {
      const { outcomes } = await runScarce('scarce', 'nothing', place, { mounts })
      expect(Object.keys(outcomes).filter((key) => !key.endsWith(': right'))).toEqual([])
    },
  )

  it('get and return every value without a folder for temporary files', async () => {
    const { outcomes } = await runScarce('scarce', 'nothing', place, {
      env: { TMPDIR: '/no/such/folder' },
    })
    expect(Object.keys(outcomes).filter((key) => !key.endsWith(': right'))).toEqual([])
  })

  const asRoot = process.getuid?.() === 0 ? it : it.skip
  asRoot('go on when their host gives up its rights (root)', async () => {
    const { uid, sync, sizes, code } = await runScarce<Record<string, unknown>>(
      'rights',
      'all',
      place,
    )
    expect({ uid, sync, sizes }).toEqual({
      uid: 65534,
      sync: 2,
      sizes: [10, 100_000, 1_000_000].flatMap((size) => Array.from({ length: 6 }, () => size)),
    })
    expect(code).toBe(place.isolation === 'process' ? 'ERR_PYTHREADS_WORKER_DIED' : null)
  })
})

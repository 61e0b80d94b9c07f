/**
 * Worker processes that cannot map the file from which this process lends, which is as large as the
 * machine's memory.
 */
import { expect, it } from 'vitest'
import { Python, type PythonOptions } from '../../src/index.ts'
import { placement } from '../support/placement.ts'
import { Places } from '../support/places.ts'

const { python } = placement('process')

const WRITE = `
def write(array, value):
    view = memoryview(array)
    view[len(view) - 1] = value
    return view[0]
`
/** The worker's address space is full but for 256 MB, before it maps anything. */
const NO_ROOM = `
import resource
with open('/proc/self/status') as status:
    used = next(int(line.split()[1]) << 10 for line in status if line.startswith('VmSize'))
resource.setrlimit(resource.RLIMIT_AS, (used + (256 << 20), resource.RLIM_INFINITY))
`
/** The worker may not look at the descriptors of this process. */
const NO_RIGHTS = `
import os
real_open = os.open
def refused(path, *rest, **named):
    if str(path).startswith('/proc/'):
        raise PermissionError(path)
    return real_open(path, *rest, **named)
os.open = refused
`

function start(env: PythonOptions['env'] = 'inherit'): Promise<Python> {
  return Python.start({ isolation: 'process', python, workers: 1, env })
}

it.runIf(process.platform === 'linux')(
  'a worker without room for a large mapping sees arrays of alloc, and no copies of them',
  async () => {
    await using py = await start()
    await py.exec(NO_ROOM + WRITE)
    for (let round = 1; round <= 100; round++) {
      const array = py.alloc(Float64Array, 100_000).fill(round)
      expect(await py.eval`write(${array}, 7)`).toBe(round)
      expect([array[0], array.at(-1)]).toEqual([round, 7])
    }
    const part = py.alloc(Uint8Array, 100_000).subarray(4_097, 50_001)
    await py.eval`write(${part}, 9)`
    expect(part.at(-1)).toBe(9)
    const descriptors = () => py.eval<number>`len(os.listdir('/proc/self/fd'))`
    await py.exec('import os')
    const before = await descriptors()
    expect(await py.eval`sum(${new Uint8Array(300_000).fill(1)})`).toBe(300_000)
    expect(await descriptors()).toBe(before)
    expect(py.stats().memory.lent).toBe(0)
  },
)

/** Python code that runs in the worker: at its start, or in a running worker. */
const WITHOUT = {
  'from the start': { atStart: 'import os\nos.access = lambda *rest, **named: False', later: '' },
  later: { atStart: '', later: NO_RIGHTS },
}

it.runIf(process.platform === 'linux').each(Object.entries(WITHOUT))(
  'one warning says that a worker without rights %s gets copies of arrays of alloc',
  async (_, { atStart, later }) => {
    using places = new Places()
    places.file('sitecustomize.py', atStart)
    const warnings: unknown[] = []
    const listen = (warning: Error) => warnings.push((warning as NodeJS.ErrnoException).code)
    process.on('warning', listen)
    try {
      await using py = await start({ PYTHONPATH: places.root })
      await py.exec(later + WRITE)
      const array = py.alloc(Float64Array, 100_000)
      for (let round = 0; round < 3; round++) await py.eval`write(${array}, 7)`
      expect(array.at(-1)).toBe(0)
      expect(await py.eval`sum(${new Uint8Array(300_000).fill(1)})`).toBe(300_000)
    } finally {
      process.off('warning', listen)
    }
    expect(warnings).toEqual(['PYTHREADS_MEMORY_COPIED'])
  },
)

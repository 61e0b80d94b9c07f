/**
 * A worker process that was taken over cannot make this process touch memory that is not the
 * worker's, or memory that can go away while it is read. Each host runs in a process of its own
 * (test/fixtures/hostile-memory.ts), as it may crash.
 */
import { describe, expect, it } from 'vitest'
import { runFixture } from '../support/child.ts'
import { placement } from '../support/placement.ts'
import { sampled, scaled, spread } from '../support/scale.ts'

const { python } = placement('process')
const folder = new URL('../python', import.meta.url).pathname
const WAYS = ['mapped', 'thread', 'without koffi'] as const
const [SHARED, FRAME] = [11, 13]

interface Case {
  file?: string
  call: [target: string, args: unknown[]]
  times?: number
}

/** What came of each case, in a host of its own. */
async function outcomes(
  way: (typeof WAYS)[number],
  isSync: boolean,
  cases: Case[],
): Promise<unknown[]> {
  const job = { python, folder, way, isSync, cases }
  const { code, signal, stdout, stderr } = await runFixture('hostile-memory', [JSON.stringify(job)])
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** Refused as soon as the worker says which descriptor it is. */
const NO_MEMORY = [
  ...[
    'a file',
    'a file without a name',
    'a file of /dev/shm without a name',
    'a file that it may only read',
    'a path',
  ],
  ...[
    'a folder',
    'a device',
    'a pipe',
    'a socket',
    'its channel',
    'memory of few',
    'memory of huge pages',
  ],
  ...['memory that is too small', 'memory that is too large'],
  ...[
    'a text',
    'a fraction',
    'no number',
    'a negative number',
    'a large number',
    'an integer of many digits',
    'a list',
  ],
]
/** Refused when it is to be read for the first time. */
const UNSOUND = [
  'memory without seals',
  'memory that can get shorter',
  'memory that nobody can write',
  'no descriptor',
]

const PROTOCOL = 'ERR_PYTHREADS_PROTOCOL'
const lendFrom = (file: string): Case => ({
  file,
  call: ['hostile_memory:lend_from_file', [SHARED]],
})

/** The fields of loans that are none: size, position, space, cell. */
const NO_LOANS = [
  ...[
    '0, CELLS, -fd, 5',
    '-1, CELLS, -fd, 5',
    '-size, size, -fd, 5',
    'inf, CELLS, -fd, 5',
    'inf - inf, CELLS, -fd, 5',
  ],
  ...[
    '1.5, CELLS, -fd, 5',
    '2 ** 53, CELLS, -fd, 5',
    '2 ** 70, CELLS, -fd, 5',
    'size, CELLS, -fd, 5',
    'None, CELLS, -fd, 5',
  ],
  ...[
    '64, 0, -fd, 5',
    '64, 4096, -fd, 5',
    '64, CELLS - 32, -fd, 5',
    '64, size - 63, -fd, 5',
    '64, size, -fd, 5',
  ],
  ...[
    '64, -CELLS, -fd, 5',
    '64, CELLS + 0.5, -fd, 5',
    '64, inf, -fd, 5',
    '64, inf - inf, -fd, 5',
    '64, 2 ** 53 - 64, -fd, 5',
  ],
  ...[
    '64, CELLS, -fd, -1',
    '64, CELLS, -fd, CELLS',
    '64, CELLS, -fd, 0.5',
    '64, CELLS, -fd, inf - inf',
    '64, CELLS, -fd, 2 ** 40',
  ],
  ...[
    '64, CELLS, 0, 5',
    '64, CELLS, fd, 5',
    '64, CELLS, -fd - 1, 5',
    '64, CELLS, -3, 5',
    '64, CELLS, inf, 5',
    '64, CELLS, -inf, 5',
  ],
  ...[
    '64, CELLS, -fd',
    '64, CELLS, -fd, 5, 5',
    '"64", CELLS, -fd, 5',
    '64, 140737488355328, 140737488355328, 5',
  ],
]

const all = [false, true].flatMap((isSync) => WAYS.map((way) => ({ way, isSync })))

// Without koffi there are no sync calls.
describe.each(sampled(all.filter(({ way, isSync }) => !(isSync && way === 'without koffi'))))(
  'a hostile worker process, whose memory is read: $way, sync calls: $isSync',
  ({ way, isSync }) => {
    it('is ended when it says that it lends from what is not its memory', async () => {
      const files = way === 'mapped' ? NO_MEMORY : NO_MEMORY.slice(0, 4)
      const expected = isSync ? { code: PROTOCOL, next: PROTOCOL } : { start: PROTOCOL }
      expect(await outcomes(way, isSync, files.map(lendFrom))).toEqual(files.map(() => expected))
    })

    it('is ended when it lends from memory that can go away, or from another descriptor', async () => {
      const seen = await outcomes(way, isSync, [...UNSOUND, 'memory as it should be'].map(lendFrom))
      expect(seen).toEqual([
        ...UNSOUND.map(() => ({ code: PROTOCOL, next: 1 })),
        { value: expect.any(Number) },
      ])
    })

    it('is ended when it names a loan that does not exist', async () => {
      const loans = [SHARED, FRAME].flatMap((code) =>
        spread(NO_LOANS, code + WAYS.indexOf(way), 6).map((text) => [code, text]),
      )
      const seen = await outcomes(
        way,
        isSync,
        loans.map((args) => ({ call: ['hostile_memory:lend', args] })),
      )
      expect(seen).toEqual(loans.map(() => ({ code: PROTOCOL, next: 1 })))
    })
  },
)

it('memory that a worker process lends is not copied unless it was written', async () => {
  const written = { value: expect.any(Number) }
  for (const [way, outcome] of [
    ['mapped', written],
    ['thread', { code: PROTOCOL, next: 1 }],
  ] as const) {
    expect(await outcomes(way, false, [lendFrom('memory that was not written')])).toEqual([outcome])
  }
})

it('one loan of a worker process is shown as one array', async () => {
  expect(await outcomes('mapped', false, [{ call: ['hostile_memory:lend_twice', []] }])).toEqual([
    { code: PROTOCOL, next: 1 },
  ])
})

it('a text that a worker process changes while it is read ends nothing but the call', async () => {
  const [ended] = await outcomes('mapped', false, [
    { call: ['hostile_memory:changing_text', []], times: scaled(40, 5_000) },
  ])
  expect(ended).toSatisfy(
    (outcome: { code?: string }) => outcome.code === undefined || outcome.code === PROTOCOL,
  )
})

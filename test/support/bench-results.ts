// Results of the benchmark with a bit of everything: what was measured, what is not offered, what
// failed always and at times, what could not be installed, what no section knows. The figures are
// made up.
import type { CellResult, Results } from '../../bench/lib/results.ts'
import { summarize } from '../../bench/lib/statistics.ts'

/** The rounds; why there are none; what failed in every round. */
type Outcome =
  | readonly number[]
  | { readonly notOffered: string }
  | { readonly errors: readonly string[] }
type Outcomes = Readonly<Record<string, Outcome>>

/** To be escaped wherever it is shown. */
export const WILD = 'Error: <script>alert("pwned")</script> & more'
export const CRASH = 'Error: the process of the cell ended with SIGSEGV\n  at <anonymous>'
export const NOT_INSTALLED = 'not installed: gyp ERR! no Python.h'

const NO_WAITING = { notOffered: 'no calls that wait' }
const NO_ASYNC = { notOffered: 'no asynchronous calls' }
const GONE = { errors: [NOT_INSTALLED] }

/** Something for each driver, as good as it is told. */
function all(values: readonly number[]): Outcomes {
  const names = [
    ...[
      'pythreads-thread',
      'pythreads-subinterpreter',
      'pythreads-free-threaded',
      'pythreads-process',
    ],
    ...[
      'concurrent-c-python',
      'node-calls-python',
      'pyodide',
      'concurrent-c-python-isolated',
      'pythonia',
      'python-shell',
      'child-process',
    ],
  ]
  return Object.fromEntries([
    ...names.map((name, index): [string, Outcome] => [
      name,
      around(values[index % values.length] ?? 1),
    ]),
    ['pymport', GONE],
  ])
}

function around(value: number): number[] {
  return [value * 1.07, value, value * 0.96]
}

function few(thread: number, process: number, peer: number, child: number): Outcomes {
  return {
    'pythreads-thread': around(thread),
    'pythreads-process': around(process),
    'concurrent-c-python': around(peer),
    'child-process': around(child),
  }
}

function cells(
  scenario: string,
  metric: string,
  unit: string,
  better: 'more' | 'less',
  outcomes: Outcomes,
  machine?: true,
): CellResult[] {
  return Object.entries(outcomes).map(([driver, outcome]) => {
    const head = {
      scenario,
      metric,
      driver,
      unit,
      better,
      ...(machine === undefined ? {} : { machine }),
    }
    return 'length' in outcome ? { ...head, summary: summarize(outcome) } : { ...head, ...outcome }
  })
}

const PERCENTILES = { p50: 1, p90: 1.4, p99: 3, 'p99.9': 11, max: 90 }
const CALLERS = {
  '1 caller': 1,
  '4 callers': 2.6,
  '20 callers': 4.8,
  '100 callers': 5.1,
  '1000 callers': 5,
}
const NO_FOUR = { notOffered: 'no 4 workers' }

export const RESULTS: Results = {
  at: '2026-01-02T03:04:05.678Z',
  revision: '0123456789ab-dirty',
  machine: { cpus: 2, model: 'A <Fast> Processor', node: 'v20.1.2', load: [0.51, 0.4, 0.3] },
  settings: { full: true, rounds: 3, ms: 1000 },
  pythons: {
    main: { release: '3.11.9', freeThreaded: false },
    subinterpreter: null,
    freeThreaded: { release: '3.13.5', freeThreaded: true },
  },
  peers: {
    'concurrent-c-python': { version: '0.23.4', error: null },
    pymport: { version: '1.5.1', error: 'gyp ERR! no Python.h' },
  },
  cells: [
    ...cells('a-sync', 'calls/s', '/s', 'more', {
      'plain-python': around(753_000),
      'plain-python-free-threaded': around(471_000),
      ...all([432_100, 11_000, 379_300, 18_400, 350_700, 353_700, 140_800, 13_900]),
      pythonia: NO_WAITING,
      'python-shell': NO_WAITING,
      'child-process': NO_WAITING,
    }),
    ...cells('b-one-at-a-time', 'calls/s', '/s', 'more', {
      'plain-python': around(758_000),
      ...few(17_900, 18_300, 17_200, 14_900),
    }),
    ...cells('c-20-callers', 'calls/s', '/s', 'more', few(101_900, 94_400, 149_000, 117_000)),
    // It failed in some of the rounds.
    {
      ...cells('c-20-callers', 'calls/s', '/s', 'more', { pythonia: around(51_400) })[0],
      errors: [WILD],
    } as CellResult,
    ...cells('d-cpu', 'speed-up', 'x', 'more', {
      ...few(0.98, 1.93, 1.01, 1.9),
      pythonia: { errors: [CRASH, CRASH, CRASH] },
    }),
    ...cells('d-cpu', 'ceiling', 'x', 'more', few(1.97, 1.95, 1.96, 1.94), true),
    ...cells('d-cpu', 'of the ceiling', 'x', 'more', few(0.497, 0.99, 0.515, 0.979)),
    ...cells('d-cpu', 'loop lag', 'ms', 'less', {
      ...few(1.1, 0.9, 148, 4.1),
      pythonia: { errors: [CRASH, CRASH, CRASH] },
    }),
    ...Object.entries(CALLERS).flatMap(([metric, times]) =>
      cells(
        'scaling-callers',
        metric,
        '/s',
        'more',
        all(
          [18_000, 17_000, 16_500, 18_200, 24_000, 22_000 / times, 120_000 / times].map(
            (one) => one * times,
          ),
        ),
      ),
    ),
    ...cells('scaling-workers', '1 worker', '/s', 'more', few(191, 192, 193, 188)),
    ...cells('scaling-workers', 'ceiling 1', '/s', 'more', few(195, 194, 196, 195), true),
    ...cells('scaling-workers', '4 workers', '/s', 'more', {
      ...few(187, 371, 1, 369),
      'concurrent-c-python': NO_FOUR,
    }),
    ...cells('scaling-workers', 'ceiling 4', '/s', 'more', few(385, 384, 386, 383), true),
    ...['one caller', '20 callers'].flatMap((who, index) =>
      Object.entries(PERCENTILES).flatMap(([share, times]) =>
        cells(
          'latency',
          `${who}, ${share}`,
          'ms',
          'less',
          all(
            [0.054, 0.061, 0.057, 0.063, 0.066, 0.0071].map((one) => one * times * (1 + 4 * index)),
          ),
        ),
      ),
    ),
    ...cells('latency', 'clock', 'ms', 'less', few(0.000041, 0.000042, 0.000043, 0.000044), true),
    ...cells('e-array-in', 'sync', 'ms', 'less', {
      'plain-python': around(0.151),
      ...few(0.152, 0.598, 0.147, 210),
      'pythreads-subinterpreter': { notOffered: 'numpy does not load into its interpreter' },
    }),
    ...cells('f-array-out', 'sync', 'ms', 'less', {
      'plain-python': around(0.139),
      ...few(0.0971, 2.86, 3.08, 226),
    }),
    ...cells('results', 'list of 1,000,000', 'ms', 'less', few(36.7, 38.1, 577, 404)),
    ...cells('map', 'items/s', '/s', 'more', {
      'plain-python': around(4_000_000),
      ...few(3_100_000, 5_330_000, 912_000, 1_510_000),
    }),
    ...cells('start', 'of start', 'ms', 'less', {
      'plain-python': around(15.3),
      ...few(35.2, 44.8, 30.1, 12_300),
    }),
    ...cells('memory', 'one more', 'MB', 'less', {
      ...few(0.15, 11.2, 0.5, 10.1),
      'concurrent-c-python': { notOffered: 'no one more' },
    }),
    ...cells('queue', 'bytes', 'B', 'less', few(379, 381, 801, 100_100)),
    ...cells('callback', 'sync', '/s', 'more', few(12_100_000, 1_030_000, 8_300_000, 451_000)),
    ...cells('callback', 'async', '/s', 'more', few(30_100, 27_200, 25_300, 1)),
    ...cells('asyncio', 'all of them', 'ms', 'less', {
      'pythreads-thread': { errors: [CRASH] },
      'child-process': { notOffered: 'no coroutines' },
    }),
    ...cells('seed', 'callers', '/s', 'more', few(99_100, 91_200, 148_000, 116_000)),
    ...cells('seed', 'callers, locked', '/s', 'more', few(31_300, 28_400, 45_500, 36_600)),
    ...cells('seed', 'slow', '/s', 'more', few(16_100, 15_200, 23_300, 17_400)),
    ...cells('something <new>', 'parsecs', 'pc', 'less', {
      ...few(12.3, 45.6, 78.9, 98.7),
      'python-shell': NO_ASYNC,
      'no-such-driver': around(33.3),
    }),
  ],
}

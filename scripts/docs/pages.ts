/** A page of the reference: the public names of one subject. */
export interface ReferencePage {
  readonly file: string
  readonly title: string
  readonly intro: string
  readonly names: readonly string[]
}

/**
 * The pages of docs/api, and what stands on each. Every export of `pythreads` and `pythreads/arrow`
 * stands on one page. Types that the package does not export by name, but that a public type
 * mentions, stand beside that type.
 */
export const PAGES: readonly ReferencePage[] = [
  {
    file: 'python.md',
    title: 'Pools',
    intro:
      'Start a pool of Python workers, call Python through it, and close it. The guide: [The pool](../pool.md).',
    names: ['Python', 'SourceArguments', 'MapProgress'],
  },
  {
    file: 'options.md',
    title: 'Options',
    intro:
      'The options of pools and of calls. The guides: [The pool](../pool.md) and [Ending calls](../cancellation.md).',
    names: [
      'PythonOptions',
      ...[
        'IsolationOption',
        'IsolationKind',
        'ISOLATION_KINDS',
        'WorkerRange',
        'Initializer',
        'LimitOptions',
        'RecycleOptions',
      ],
      ...['CopyOptions', 'NaiveDates', 'PythonErrorOptions', 'LoggingOptions', 'LogLevel'],
      ...['CallOptions', 'RunOptions', 'MapOptions', 'KeywordValues'],
    ],
  },
  {
    file: 'session.md',
    title: 'Sessions',
    intro:
      'Keep one worker, with variables of its own. The guide: [Remote objects](../objects.md).',
    names: ['Session'],
  },
  {
    file: 'sync.md',
    title: 'Sync calls',
    intro:
      'Call Python and wait for the result on this thread. The guide: [Remote objects](../objects.md).',
    names: [
      ...['SyncPython', 'SyncKey'],
      ...['SyncModule', 'SyncObject', 'SyncAttribute', 'SyncOperations', 'SyncLifetime'],
      ...['SyncRemote', 'SyncGenerator'],
    ],
  },
  {
    file: 'remote.md',
    title: 'Modules and remote objects',
    intro:
      'Use modules and objects that stay in Python. The guide: [Remote objects](../objects.md).',
    names: [
      ...['RemoteModule', 'Importable', 'RemoteObject', 'RemoteAttribute'],
      ...['Operations', 'RemoteLifetime', 'RemoteObjectOperations', 'RemoteContext'],
      ...['kw', 'Keywords'],
    ],
  },
  {
    file: 'types.md',
    title: 'Types for Python modules',
    intro:
      'Describe Python modules and objects by TypeScript types. The guide: [Types](../types.md).',
    names: ['Remote', 'RemoteReference', 'RemoteMember', 'RemoteGenerator', 'PythonObject'],
  },
  {
    file: 'values.md',
    title: 'Values',
    intro: 'Python values that JavaScript has no type for. The guide: [Values](../values.md).',
    names: [
      'PythonDate',
      'ZoneOptions',
      'PythonScalar',
      'ScalarType',
      'PythonBytes',
      'PythonFloat',
    ],
  },
  {
    file: 'arrays.md',
    title: 'Arrays',
    intro:
      'Arrays of numpy, and typed arrays in shared memory. The guide: [Arrays and memory](../arrays.md).',
    names: [
      'NdArray',
      'NdArraySource',
      'NdArrayData',
      'DType',
      'NdItem',
      'Nested',
      'TypedArray',
      'TypedArrayConstructor',
    ],
  },
  {
    file: 'arrow.md',
    title: 'Tables',
    intro: 'Tables of Apache Arrow, by `pythreads/arrow`. The guide: [Tables](../tables.md).',
    names: ['toArrow', 'fromArrow', 'TableKind', 'PythonTable'],
  },
  {
    file: 'errors.md',
    title: 'Errors',
    intro: 'The errors that calls reject with, and their codes. The guide: [Errors](../errors.md).',
    names: [
      ...['PythreadsError', 'PythonError', 'PythonFrame', 'SourcePlace', 'ClassNamer'],
      ...['WorkerDiedError', 'ERROR_CODES', 'ErrorCode'],
    ],
  },
  {
    file: 'stats.md',
    title: 'Statistics',
    intro: 'What `py.stats()` returns. The guide: [The pool](../pool.md).',
    names: ['PythonStats', 'PoolStats', 'WorkerStats', 'MemoryStats', 'GilStats', 'TimesSummary'],
  },
  {
    file: 'events.md',
    title: 'Events and channels',
    intro:
      'Events of a pool, and channels of `node:diagnostics_channel`. The guide: [The pool](../pool.md).',
    names: [
      'PythonEvents',
      'PoolEvents',
      'CallEvents',
      'CallDetails',
      'CallOutcome',
      'CHANNEL_NAMES',
      'ChannelName',
    ],
  },
  {
    file: 'output.md',
    title: 'Output, logging and warnings',
    intro:
      'What the handlers of a pool receive. The guides: [The pool](../pool.md) and [Logging](../logging.md).',
    names: ['StartProgress', 'OutputLine', 'PythonLogRecord', 'PythonWarning'],
  },
]

/**
 * Types by which the compiler works out others. The reference names them, but does not explain
 * them.
 */
export const HELPERS: ReadonlySet<string> = new Set([
  ...[
    'Named',
    'FunctionMember',
    'Signatures',
    'Members',
    'RemoteIteration',
    'SyncIteration',
    'Returned',
  ],
  'PlainDType',
])

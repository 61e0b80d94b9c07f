/**
 * An option that is misspelled, of the wrong type or out of range is refused by name, before
 * anything is started; nothing is silently ignored or taken for a default.
 */
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kw, Python } from '../../src/index.ts'
import { modulePath, resolvePythonOptions, resolveTarget } from '../../src/options/index.ts'
import { collect, refusal } from '../support/outcome.ts'
import { pythons } from '../support/pythons.ts'

const UNKNOWN = 'ERR_PYTHREADS_UNKNOWN_OPTION'
const OPTION = 'ERR_PYTHREADS_OPTION'
const ARGUMENT = 'ERR_PYTHREADS_ARGUMENT'

/** Options as plain JavaScript may give them. */
type Loose = Record<string, never>

const wrongInteger = ['4', 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1n, true, {}, []]
const wrong: Record<string, Record<string, unknown[]>> = {
  start: {
    python: [1, true, '', null, [], {}],
    isolation: ['threads', 'THREAD', '', 1, null, ['thread']],
    workers: [
      0,
      -1,
      1001,
      null,
      ...wrongInteger,
      { min: 0, max: 2 },
      { min: 3, max: 2 },
      { max: 2 },
      { min: 1, max: 2, idleMs: -1 },
    ],
    initialize: [5, null, [], { target: 'json:dumps', args: 'a' }],
    preload: ['json', [1], [''], [null], null, { 0: 'json' }, new Set(['json'])],
    path: [
      'folder',
      [1],
      [''],
      null,
      {},
      new URL('file:///srv'),
      [new URL('https://example.org')],
      ['file://host/srv'],
    ],
    maxQueue: [-1, ...wrongInteger],
    timeoutMs: [0, -1, 2 ** 31, ...wrongInteger],
    queueTimeoutMs: [0, -1, 2 ** 31, ...wrongInteger],
    graceMs: [-1, null, 2 ** 31, ...wrongInteger],
    closeGraceMs: [-1, null, 2 ** 31, ...wrongInteger],
    startTimeoutMs: [0, null, ...wrongInteger],
    maxWedged: [-1, 1001, null, ...wrongInteger],
    limits: [5, 'a', null, [], { memoryMb: 0 }, { cpuSeconds: '1' }, { openFiles: 1.5 }],
    recycle: [5, 'a', null, [], { calls: 0 }, { ageMs: '1' }, { memoryMb: -1 }],
    cwd: [
      '',
      5,
      null,
      '/there/is/no/such/folder',
      new URL('https://example.org'),
      new URL('file:///there/is/none'),
    ],
    env: ['all', 5, null, [], { NAME: 5 }],
    dependencies: [
      '',
      5,
      null,
      true,
      {},
      [5],
      [''],
      ['-r other.txt'],
      ['./local'],
      ['a\nb'],
      new URL('https://example.org/requirements.txt'),
    ],
    frozen: ['yes', 1, null, true],
    onProgress: [true, 'log', null, {}],
    threadsPerWorker: [0, -1, 1.5, 'many', null, 10_001],
    name: ['', 5, null, 'a\nb', 'x'.repeat(65), {}],
    warnings: ['print', 5, null, {}],
    logging: [
      'INFO',
      5,
      null,
      [],
      {},
      { handler: 5 },
      { handler: () => {}, level: 'LOUD' },
      { handler: () => {}, level: -1 },
    ],
    errors: [
      true,
      'a',
      null,
      [],
      { attributes: 'a' },
      { attributes: ['a..b'] },
      { attributes: [''] },
      { exception: 1 },
    ],
  },
  run: {
    kwargs: [1, 'a', null, [], true, new Map([['a', 1]]), new Set(['a']), new Uint8Array(1)],
    worker: [-1, 2, null, ...wrongInteger],
    signal: [null, {}, 'a', new EventTarget()],
    timeoutMs: [0, -1, 2 ** 31, ...wrongInteger],
    queueTimeoutMs: [0, -1, ...wrongInteger],
    priority: [-1001, 1001, null, ...wrongInteger],
    retry: [-1, 1001, null, ...wrongInteger],
  },
  map: {
    kwargs: [1, 'a', null, [], new Map([['a', 1]])],
    chunk: [0, -1, 2 ** 20 + 1, 'AUTO', null, ...wrongInteger],
    ordered: [0, 1, 'yes', null],
    signal: [null, {}, 'a'],
    timeoutMs: [0, -1, ...wrongInteger],
    onProgress: [null, true, 'a', {}],
  },
}
const misspelled: Record<string, Record<string, string>> = {
  start: {
    pyhton: 'python',
    isolatoin: 'isolation',
    worker: 'workers',
    Workers: 'workers',
    preloads: 'preload',
    paths: 'path',
    max_queue: 'maxQueue',
    timeOutMs: 'timeoutMs',
    limit: 'limits',
  },
  run: {
    kwarg: 'kwargs',
    workers: 'worker',
    timeout: 'timeoutMs',
    retries: 'retry',
    priorty: 'priority',
  },
  map: { kwarg: 'kwargs', chunks: 'chunk', order: 'ordered', onprogress: 'onProgress' },
}

describe('options', () => {
  let py: Python
  let makers: Record<string, (options: unknown) => unknown>
  beforeAll(async () => {
    const python = pythons[0]?.executable ?? ''
    py = await Python.start({ isolation: 'process', python, workers: 2 })
    makers = {
      start: (options) => Python.start(options as Loose),
      run: (options) => py.run('json:dumps', [1], options as Loose),
      map: (options) => py.map('json:dumps', [1], options as Loose),
    }
  })
  afterAll(() => py.close())

  const make = (what: string, options: unknown) => refusal(() => makers[what]?.(options))

  for (const [what, options] of Object.entries(misspelled)) {
    it.each(Object.entries(options))(
      `of ${what}: %s is not an option, %s is`,
      async (name, meant) => {
        const error = await make(what, { [name]: undefined })
        expect(error).toMatchObject({
          code: UNKNOWN,
          message: expect.stringContaining(`did you mean \`${meant}\`?`),
        })
        expect(error.message).toContain(`\`${name}\``)
      },
    )

    it(`of ${what}: a name that is like none of them gets the list`, async () => {
      const { code, message } = await make(what, { somethingElse: 1 })
      expect(code).toBe(UNKNOWN)
      for (const known of Object.keys(wrong[what] ?? {})) expect(message).toContain(`\`${known}\``)
    })

    it.each([[null], [5], ['json'], [[1]], [true]])(`of ${what} cannot be %j`, async (value) => {
      expect(await make(what, value)).toMatchObject({ code: OPTION })
    })
  }

  const cells = Object.entries(wrong).flatMap(([what, options]) =>
    Object.entries(options).flatMap(([name, values]) =>
      values.map((value) => ({ what, name, value })),
    ),
  )
  it.each(cells)('of $what: $name cannot be $value', async ({ what, name, value }) => {
    const { code, message } = await make(what, { [name]: value })
    expect(code).toBe(OPTION)
    expect(message).toContain(`\`${name}`)
  })

  it('that are undefined are the defaults', async () => {
    const options = { kwargs: undefined, worker: undefined }
    expect(await py.run('json:dumps', [1], options)).toBe('1')
    const all = { kwargs: undefined, chunk: undefined, ordered: undefined, onProgress: undefined }
    expect(await collect(py.map('json:dumps', [1], all))).toEqual(['1'])
    const none = {
      python: undefined,
      isolation: undefined,
      workers: undefined,
      preload: undefined,
      path: undefined,
      maxQueue: undefined,
    }
    expect(resolvePythonOptions(none)).toEqual(resolvePythonOptions({}))
  })

  it('are resolved once and for all', () => {
    const resolved = resolvePythonOptions({
      workers: 3,
      path: ['some/folder'],
      preload: ['json', './rules.py'],
      maxQueue: null,
    })
    expect(resolved).toMatchObject({
      workers: { min: 3, max: 3 },
      isolation: 'auto',
      maxQueue: null,
    })
    expect(resolved.path).toEqual([resolve('some/folder')])
    expect(resolved.preload).toEqual(['json', resolve('rules.py')])
    const byUrl = {
      preload: [new URL('file:///srv/rules.py'), 'file:///srv/a%20b.py'],
      path: [new URL('file:///srv/a%20b/')],
      cwd: new URL('file:///'),
    }
    expect(resolvePythonOptions(byUrl)).toMatchObject({
      preload: ['/srv/rules.py', '/srv/a b.py'],
      path: ['/srv/a b'],
      cwd: '/',
    })
    expect(Object.isFrozen(resolved)).toBe(true)
    expect(resolvePythonOptions({ workers: 1000, maxQueue: 0 })).toMatchObject({
      workers: { min: 1000, max: 1000 },
      maxQueue: 0,
    })
  })

  const noTargets = [
    'json',
    ':dumps',
    'json:',
    'json:a..b',
    'json:.a',
    'json:a.',
    '',
    ':',
    'json.dumps',
  ]
  const noUrls = [
    ...[
      'file:///srv/rules.py',
      'file:///srv/rules.py#',
      'file:///srv/rules.py:',
      'file:///srv/rules#score',
      'file:///#score',
    ],
    ...[
      'file:///srv/rules.py#a..b',
      'file:///srv/rules.py#%',
      'file:///srv/a%2fb.py#score',
      'file://host/rules.py#score',
    ],
    ...['https://example.org/rules.py#score', 'data:text/x-python,#score'],
  ]
  it.each([
    ...noTargets,
    ...noUrls.map((url) => new URL(url)),
    'file:///srv/rules.py',
    'file:///srv/rules.py#',
    'file:#score',
  ])('%s is no target', async (target) => {
    for (const call of [
      () => py.run(target),
      () => py.map(target, []),
      () => py.sync.run(target),
      () => py.className(target),
    ]) {
      expect(await refusal(call)).toMatchObject({ code: ARGUMENT })
    }
    expect(await refusal(() => Python.start({ initialize: target }))).toMatchObject({
      code: ARGUMENT,
    })
  })

  it.each([[undefined], [null], [5], [['json:dumps']]])('a target cannot be %j', async (target) => {
    expect(await refusal(() => py.run(target as never))).toMatchObject({ code: ARGUMENT })
  })

  it.each([[5], ['abc'], [{ length: 1 }], [new Set([1])], [null]])(
    'the arguments of run cannot be %j',
    async (args) => {
      expect(await refusal(() => py.run('json:dumps', args as never))).toMatchObject({
        code: ARGUMENT,
      })
    },
  )

  it.each([
    [5],
    ['abc'],
    [[1]],
    [new Map([['a', 1]])],
    [new Set(['a'])],
    [undefined],
    [null],
    [() => 1],
  ])('%o is no keyword arguments', async (values) => {
    expect(await refusal(() => kw(values as never))).toMatchObject({ code: ARGUMENT })
  })

  it.each([[5], ['abc'], [{ length: 1 }], [undefined], [null]])(
    'the items of map cannot be %j',
    async (items) => {
      expect(await refusal(() => py.map('json:dumps', items as never))).toMatchObject({
        code: ARGUMENT,
      })
    },
  )

  const noModules = [
    ...[
      'https://example.org/rules.py',
      'file:///srv/rules.txt',
      'file:///srv/rules.py#score',
      'file:///srv/a%2fb.py',
    ],
    ...['file://host/rules.py', 'file:///srv/rules.py/'],
  ]
  it.each([
    '',
    5,
    null,
    undefined,
    ...noModules.map((url) => new URL(url)),
    'file:///srv/rules.txt',
    'file:///srv/rules.py#score',
  ])('%s is no module', async (module) => {
    expect(await refusal(() => py.import(module as never))).toMatchObject({ code: ARGUMENT })
    expect(await refusal(() => py.sync.import(module as never))).toMatchObject({ code: ARGUMENT })
  })

  it.each([[5], [undefined], [null], [['a']], [{}]])('%j is no Python source', async (source) => {
    expect(await refusal(() => py.eval(source as never))).toMatchObject({ code: ARGUMENT })
    expect(await refusal(() => py.exec(source as never))).toMatchObject({ code: ARGUMENT })
    expect(await refusal(() => py.sync.eval(source as never))).toMatchObject({ code: ARGUMENT })
  })
})

describe('names', () => {
  it('of files are made absolute, of modules are kept', () => {
    expect(modulePath('json.decoder')).toBe('json.decoder')
    expect(modulePath('./rules.py')).toBe(resolve('rules.py'))
    expect(modulePath(pathToFileURL('/srv/a b/é.py'))).toBe('/srv/a b/é.py')
    expect(resolveTarget('json:dumps')).toBe('json:dumps')
    expect(resolveTarget('json.decoder:JSONDecoder.decode')).toBe('json.decoder:JSONDecoder.decode')
    expect(resolveTarget('rules.py:score')).toBe(`${resolve('rules.py')}:score`)
    expect(resolveTarget('/srv/a:b.py:score')).toBe('/srv/a:b.py:score')
    expect(modulePath('file:///srv/a%20b.py')).toBe('/srv/a b.py')
  })

  it.each([
    ['file:///srv/rules.py#score', '/srv/rules.py:score'],
    ['file:///srv/rules.py:score', '/srv/rules.py:score'],
    ['file:///srv/rules.py#Rules.score', '/srv/rules.py:Rules.score'],
    ['file:///srv/rules.py#größe', '/srv/rules.py:größe'],
    ['file:///srv/a%20b/%C3%A9%23.py#score', '/srv/a b/é#.py:score'],
    ['file:///srv/a%20b/%C3%A9%23.py:score', '/srv/a b/é#.py:score'],
    ['file:///srv/a:b.py#score', '/srv/a:b.py:score'],
  ])('a target may be the URL of a file, as a URL or a string: %s', (url, target) => {
    expect(resolveTarget(new URL(url))).toBe(target)
    expect(resolveTarget(url)).toBe(target)
  })
})

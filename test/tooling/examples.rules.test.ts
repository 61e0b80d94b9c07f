// Why: examples/rules is what people copy first, and `pythreads map` promises the bytes of a plain
// Python loop. Here the example runs as its README says, on a small file. A failure under "with
// Python X" is about that Python's isolation; one under "the rules" or "the generator" is about the
// example itself.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findPython } from '../../src/discovery/index.ts'
import { Python, PythonError, type PythonStats } from '../../src/index.ts'
import { choose } from '../../src/isolation/index.ts'
import { runCli } from '../support/child.ts'
import { pythons } from '../support/pythons.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)
const env = { ...process.env, NODE_OPTIONS: '' }
const folder = mkdtempSync(join(tmpdir(), 'pythreads-rules-'))
const inFolder = (name: string) => join(folder, name)
/** Two builds of the same release, with a GIL and without, are two Pythons. */
const named = pythons.map((python) => ({
  ...python,
  name: `${python.release}${python.freeThreaded ? 't' : ''}`,
}))
const oldest = pythons[0]?.executable ?? ''

const COUNT = 5000
/**
 * What JSON tells apart and JavaScript does not, what only escapes can write, and what is worked
 * out by hand.
 */
const HANDMADE = [
  [
    '{"id": 12345678901234567890, "tags": []}',
    '{"id": 12345678901234567890, "matched": [], "priority": 0, "actions": []}',
  ],
  ['{"id": 1.0}', '{"id": 1.0, "matched": [], "priority": 0, "actions": []}'],
  [
    '{"id":"\\ud800 \u2028 é","severity":4,"source":"sensor-1","tags":["fire"],"temperature":61.0,"location":{"floor":3}}',
    '{"id": "\\ud800 \\u2028 \\u00e9", "matched": ["fire", "fire-in-upper-floors"], "priority": 100,' +
      ' "actions": ["call:fire-brigade", "evacuate:building"]}',
  ],
  [
    '{"tags": [], "temperature": 3.5, "location": {"city": "Zürich"}, "text": "LEAK", "attributes": {"battery": 1}}',
    '{"id": null, "matched": ["frost", "water", "battery-low"], "priority": 40,' +
      ' "actions": ["notify:hauswart-z\\u00fcrich", "notify:plumber", "ticket:replace-battery"]}',
  ],
] as const

const node = (script: string, args: string[]) =>
  run(process.execPath, ['--import', 'tsx', `examples/rules/${script}`, ...args], {
    cwd: root,
    env,
  })
const generate = (seed: number, output: string) =>
  node('generate.ts', ['--count', `${COUNT}`, '--seed', `${seed}`, '--output', output])
const baseline = (python: string, output: string) =>
  run(
    python,
    ['examples/rules/baseline.py', '--input', inFolder('events.jsonl'), '--output', output],
    { cwd: root, env },
  )
const linesOf = (name: string) => readFileSync(inFolder(name), 'utf8').trimEnd().split('\n')

beforeAll(async () => {
  await generate(1, inFolder('generated.jsonl'))
  writeFileSync(inFolder('events.jsonl'), readFileSync(inFolder('generated.jsonl')))
  appendFileSync(inFolder('events.jsonl'), HANDMADE.map(([event]) => `${event}\n`).join(''))
  await baseline(oldest, inFolder('expected.jsonl'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('the generator', () => {
  it('writes the same file for the same seed, and another for another', async () => {
    await Promise.all([generate(1, inFolder('again.jsonl')), generate(2, inFolder('other.jsonl'))])
    const generated = readFileSync(inFolder('generated.jsonl'))
    expect(readFileSync(inFolder('again.jsonl')).equals(generated)).toBe(true)
    expect(readFileSync(inFolder('other.jsonl')).equals(generated)).toBe(false)
  })

  it('writes as many events as it was asked for, of about 200 bytes', () => {
    const lines = linesOf('generated.jsonl')
    expect(new Set(lines.map((line) => (JSON.parse(line) as { id: string }).id)).size).toBe(COUNT)
    const size = readFileSync(inFolder('generated.jsonl')).length / COUNT
    expect(size).toBeGreaterThan(150)
    expect(size).toBeLessThan(250)
  })

  it('refuses a count that is none', async () => {
    await expect(node('generate.ts', ['--count', 'many'])).rejects.toMatchObject({ code: 1 })
  })
})

describe('the rules', () => {
  it('say of an event what a human works out', () => {
    expect(linesOf('expected.jsonl').slice(COUNT)).toEqual(HANDMADE.map(([, verdict]) => verdict))
  })

  it('each match some of the generated events', () => {
    const names = (
      JSON.parse(readFileSync(join(root, 'examples/rules/rules.json'), 'utf8')) as {
        name: string
      }[]
    ).map(({ name }) => name)
    const matched = linesOf('expected.jsonl').flatMap(
      (line) => (JSON.parse(line) as { matched: string[] }).matched,
    )
    expect(new Set(matched)).toEqual(new Set(names))
  })

  it.each(named)('give the same bytes with Python $name', async ({ executable, name }) => {
    await baseline(executable, inFolder(`${name}.jsonl`))
    expect(linesOf(`${name}.jsonl`)).toEqual(linesOf('expected.jsonl'))
  })
})

describe('a condition', () => {
  let py: Python
  beforeAll(async () => {
    py = await Python.start({
      python: oldest,
      isolation: 'process',
      workers: 1,
      path: [join(root, 'examples/rules')],
    })
    await py.exec`from rules import compile_rules, evaluate`
  })
  afterAll(() => py.close())

  const rule = (condition: unknown) => ({ name: 'tried', condition, action: 'none', priority: 1 })
  const matches = async (condition: string, event: object) =>
    (await py.eval<{ priority: number }>`evaluate(${event}, compile_rules([${rule(condition)}]))`)
      .priority === 1
  const errorOf = async (promise: Promise<unknown>): Promise<PythonError> => {
    const error = await promise.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (!(error instanceof PythonError)) throw new Error(`a PythonError was expected, not ${error}`)
    return error
  }

  it.each([
    ['a == 1 or missing > 2', { a: 1 }, true],
    ['missing > 2 or a == 1', { a: 1 }, false],
    ['not missing', {}, false],
    ['a != None and a > 1', { a: null }, false],
    ['a.b.c == "ü"', { a: { b: { c: 'ü' } } }, true],
    ['len == 3 and len(tags) == 0', { len: 3, tags: [] }, true],
    ['event == 1 and __class__.__name__ == 2', { event: 1, __class__: { __name__: 2 } }, true],
    ['kind.lower().startswith(("ab", "x"))', { kind: 'ABC' }, true],
    ['max(a, b) - 1 > abs(-2) / 4', { a: 1, b: 2 }, true],
  ])('%s of %j is %s', async (condition, event, expected) => {
    expect(await matches(condition, event)).toBe(expected)
  })

  it.each([
    ['severity >=', 12],
    ['"ü" == kind and 9 ** 9 > 1', 17],
    ['open("/etc/passwd")', 1],
    ['kind.format(1)', 1],
    ['(lambda: 1)()', 1],
    ['kind and [a for a in tags]', 10],
    ['min(1, key=len)', 1],
    ['len(*tags)', 5],
    ['kind == b""', 9],
    ['f"{kind}"', 1],
    ['a := 1', 3],
  ])('%s is refused, with the rule and the column', async (condition, column) => {
    const error = await errorOf(
      py.eval`compile_rules([${rule('a == 1')}, ${rule(condition)}], "my.json")`,
    )
    expect(error.type).toBe('RuleError')
    expect(error.message).toContain(`my.json, rule 2 ('tried'), column ${column}:`)
  })

  it.each([
    ['what is no array', { rules: [] }],
    ['a field of the wrong type', [rule(1)]],
    ['a missing field', [{ name: 'tried' }]],
    ['the same name twice', [rule('a == 1'), rule('a == 2')]],
    ['two lines', [rule('(a ==\n1)')]],
    ['deep nesting', [rule(`${'-'.repeat(1500)}1`)]],
    ['an endless condition', [rule(`a${'.b'.repeat(1_000_000)}`)]],
  ])('%s is a RuleError', async (_what, rules) => {
    expect((await errorOf(py.eval`compile_rules(${rules})`)).type).toBe('RuleError')
  })

  it.each([
    ['a > 1', { id: 7, a: 'x' }],
    ['a / b > 1', { id: 7, a: 1, b: 0 }],
    ['a.startswith("x")', { id: 7, a: 1 }],
    ['a.b == 1', { id: 7, a: null }],
  ])('%s of %j is an EventError that names the event and the rule', async (condition, event) => {
    const error = await errorOf(matches(condition, event))
    expect(error.type).toBe('EventError')
    expect(error.message).toContain("event 7, rule 'tried': ")
  })
})

describe.each(named)('with Python $name', ({ name, executable, release }) => {
  it('pythreads map writes the bytes of the plain Python loop', async () => {
    const output = inFolder(`map-${name}.jsonl`)
    const files = ['--input', inFolder('events.jsonl'), '--output', output]
    const { code, stderr } = await runCli([
      'map',
      './examples/rules/rules.py:evaluate',
      ...files,
      '--python',
      executable,
    ])
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(readFileSync(output).equals(readFileSync(inFolder('expected.jsonl')))).toBe(true)
  })

  describe('the server', () => {
    let server: ChildProcess
    let url: string
    let stderr = ''
    const events = () => linesOf('generated.jsonl').slice(0, 200)
    const verdicts = () => linesOf('expected.jsonl').slice(0, 200)
    const post = (body: string | Uint8Array<ArrayBuffer>) =>
      fetch(`${url}/evaluate`, { method: 'POST', body })
    /** A request that the server has begun to read; its body is to come. */
    const begin = async () => {
      const request = httpRequest(`${url}/evaluate`, {
        method: 'POST',
        headers: { expect: '100-continue' },
      })
      request.flushHeaders()
      await once(request, 'continue')
      return request
    }

    beforeAll(async () => {
      server = startServer(['--python', executable])
      server.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
        stderr += chunk
      })
      url = await addressOf(server)
    })
    afterAll(() => server.kill('SIGKILL'))

    it('answers 200 requests at once, each with its own verdict', async () => {
      const answers = await Promise.all(events().map(async (event) => (await post(event)).json()))
      expect(answers).toEqual(verdicts().map((verdict) => JSON.parse(verdict)))
    })

    it('answers an array of events in their order', async () => {
      const response = await post(`[${events().join(',')}]`)
      expect(response.headers.get('content-type')).toBe('application/json')
      expect(await response.json()).toEqual(verdicts().map((verdict) => JSON.parse(verdict)))
      expect(await (await post('[]')).json()).toEqual([])
    })

    it.each([
      ['text that is not JSON', '{"id": ', 400],
      ['bytes that are not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 400],
      ['nothing', '', 400],
      ['a number', '3', 400],
      ['an array with a null', '[{}, null]', 400],
      ['more than a mebibyte', JSON.stringify({ text: 'x'.repeat(3 << 20) }), 413],
      ['a field of the wrong type', '{"source": "sensor-1", "severity": "high"}', 422],
    ])('answers %s with an error', async (_what, body, status) => {
      const response = await post(body)
      expect(response.status).toBe(status)
      expect(await response.json()).toMatchObject({ error: { message: expect.any(String) } })
    })

    it('says what Python raised, and for which event of an array', async () => {
      const response = await post(
        '[{"id": 1}, {"id": 2, "source": "sensor-1", "severity": "high"}, {"id": 3}]',
      )
      const { error } = (await response.json()) as {
        error: { type: string; message: string; index: number }
      }
      expect(error).toMatchObject({ type: 'EventError', index: 1 })
      expect(error.message).toContain("event 2, rule 'fire': ")
    })

    it('answers other paths with 404 and other methods with 405', async () => {
      expect((await fetch(`${url}/other`)).status).toBe(404)
      const response = await fetch(`${url}/evaluate`)
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
    })

    it('runs where Python runs in parallel, and shows what the pool has done', async () => {
      await post('{}')
      const stats = (await (await fetch(`${url}/stats`)).json()) as PythonStats
      const { facts } = await findPython(executable)
      expect(stats.isolation, stats.reasons.join('; ')).toBe(
        (await choose(facts, [], [])).isolation,
      )
      expect(stats.python.version).toBe(release)
      expect(stats.calls).toBeGreaterThan(0)
    })

    it('goes on when a client goes away', async () => {
      const request = await begin()
      request.on('error', () => {}) // that it is cut off is the point
      request.write('{"id": ')
      request.destroy()
      expect((await post('{}')).status).toBe(200)
    })

    it('answers what is under way at SIGTERM, and ends with status 0', async () => {
      const request = await begin()
      const closed = once(server, 'close')
      server.kill('SIGTERM')
      await expect.poll(() => post('{}').then(({ status }) => status, String)).toContain('failed')
      const answered = once(request, 'response') as Promise<[IncomingMessage]>
      request.end('{"id": 1}')
      const [response] = await answered
      expect([response.statusCode, response.headers.connection]).toEqual([200, 'close'])
      expect(JSON.parse(await text(response))).toMatchObject({ id: 1 })
      const [code, signal] = await closed
      expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    })
  })
})

it('the server does not start with a rule that is not valid, and says which', async () => {
  const file = inFolder('bad.json')
  writeFileSync(
    file,
    JSON.stringify([{ name: 'bad', condition: 'severity >', action: 'none', priority: 1 }]),
  )
  const server = startServer(['--python', oldest], { RULES: file })
  const [stderr, [code]] = await Promise.all([
    text(server.stderr as NodeJS.ReadableStream),
    once(server, 'exit'),
  ])
  expect(code).toBe(1)
  expect(stderr).toContain(`${file}, rule 1 ('bad'), column 11:`)
})

function startServer(args: string[], more: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(
    process.execPath,
    ['--import', 'tsx', 'examples/rules/server.ts', '--port', '0', ...args],
    {
      cwd: root,
      env: { ...env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
}

async function addressOf(server: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: server.stdout as NodeJS.ReadableStream })) {
    const address = /http:\S+/.exec(line)?.[0]
    if (address !== undefined) return address
  }
  throw new Error('The server ended without printing its address')
}

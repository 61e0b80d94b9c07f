// How `pythreads run` reads the arguments of its command line, and which results it refuses to
// print.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { duration, JsonTemplate, json } from '../../src/cli/flags.ts'
import { readArguments } from '../../src/cli/json-arguments.ts'
import { Python } from '../../src/index.ts'
import { pythons } from '../support/pythons.ts'

const none = { args: undefined, kwargs: undefined, text: false }
const CALL = 'pythreads_kernel.json_call:call'
const usage: unknown = expect.objectContaining({ code: 'ERR_PYTHREADS_USAGE' })

describe('arguments', () => {
  it.each([
    [
      'a JSON value each, or else a text',
      ['1', '2.0', 'null', '[1, "a"]', 'abc', '1e', '"1"'],
      '[1, 2.0, null, [1, "a"], "abc", "1e", "1"]',
    ],
    [
      'a number with all its digits',
      ['123456789012345678901234567890', '-0.10'],
      '[123456789012345678901234567890, -0.10]',
    ],
    ['a text of any script', ['é😀\n'], '["é😀\\n"]'],
    ['a text that is no JSON', ['', 'NaN', '01', 'a"'], '["", "NaN", "01", "a\\""]'],
    ['none', [], '[]'],
  ])('are %s', async (_, given, expected) => {
    expect((await readArguments(given, none)).args.text).toBe(expected)
  })

  it('are texts with --text', async () => {
    const { args } = await readArguments(['1', '{"a"', 'null'], { ...none, text: true })
    expect(args.text).toBe('["1", "{\\"a\\"", "null"]')
  })

  it.each([['{'], ['["a"'], ['"a'], [' {"a": }']])(
    'are refused where they begin like JSON, and are none: %s',
    async (given) => {
      await expect(readArguments([given], none)).rejects.toThrow(usage as Error)
    },
  )

  it('are given once', async () => {
    await expect(readArguments(['1'], { ...none, args: '[1]' })).rejects.toThrow(usage as Error)
    await expect(readArguments(['-', '-'], none)).rejects.toThrow(usage as Error)
    await expect(readArguments([], { ...none, args: '-', kwargs: '-' })).rejects.toThrow(
      usage as Error,
    )
  })

  it.each([
    ['array', '{"a": 1}'],
    ['array', '['],
    ['array', '1'],
    ['object', '[1]'],
    ['object', 'null'],
    ['object', '{'],
  ] as const)('are a JSON %s where an option has them: not %s', (kind, text) => {
    expect(() => json(kind)(text)).toThrow()
  })

  it('have numbers for the texts that stand for them', () => {
    const template = new JsonTemplate(
      '[{"id": "$thread", "call": $call, "text": "w$worker"}, "$threads"]',
    )
    expect(template.fill(3, 7)).toBe('[{"id": 3, "call": 7, "text": "w3"}, "$threads"]')
    expect(json('array')(template.text)).toBe(template.text)
  })
})

describe('a time', () => {
  it.each([
    ['500ms', 500],
    ['1.5s', 1500],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['0.6ms', 1],
  ])('is a number and a unit: %s', (text, ms) => {
    expect(duration(text)).toBe(ms)
  })

  it.each(['1', 's', '1d', '-1s', '0s', '1e3s', '597h', ' 1s'])('is refused: %j', (text) => {
    expect(() => duration(text)).toThrow()
  })
})

describe('a result', () => {
  let py: Python
  beforeAll(async () => {
    py = await Python.start({ workers: 1, isolation: 'process', path: ['test/python'] })
  })
  afterAll(() => py.close())
  const call = async (target: string, args: unknown[], raw = false) =>
    Buffer.from(
      await py.run<Uint8Array>(CALL, [`commands:${target}`, JSON.stringify(args), '{}'], {
        kwargs: { raw },
      }),
    )

  it.each([
    ['object', 'result["a"][1]'],
    ['nan', 'result["a"][1]'],
    ['key', 'result["a"]'],
    ['generator', 'result["a"]'],
    ['bytes', 'result["a"]'],
    ['cycle', 'result'],
    ['deep', 'result'],
    ['function', 'result'],
  ])('that is not JSON is refused with its place (%s)', async (kind, path) => {
    await expect(call('no_json', [kind])).rejects.toMatchObject({
      code: 'ERR_PYTHREADS_VALUE',
      path,
      message: expect.stringContaining('--raw'),
    })
  })

  it('is what json.dumps writes, and what JSON does not know as copies have it', async () => {
    expect((await call('kinds', [])).toString()).toBe(
      '[{"x": 1, "label": ["red"]}, [1, 2], [3, 4], [0, 1], "2020-01-02", "2020-01-02T03:04:00+00:00", "1.10",' +
        ' {"a": {"null": 1, "true": 2, "3": 4}}, 1000000000000000000000000000000, 2.0]\n',
    )
  })

  it.each(pythons.flatMap(({ packages }) => packages ?? []).slice(0, 1))(
    'may have arrays and numbers of numpy (%s)',
    async (python) => {
      await using numpy = await Python.start({
        workers: 1,
        isolation: 'process',
        python,
        path: ['test/python'],
      })
      const called = numpy.run<Uint8Array>(CALL, ['commands:of_numpy', '[]', '{}'], {
        kwargs: { raw: false },
      })
      expect(Buffer.from(await called).toString()).toBe(
        '[[[0.0, 1.0], [2.0, 3.0]], 7, 1.5, true]\n',
      )
    },
  )

  it('has escapes only where UTF-8 cannot write it', async () => {
    expect((await call('surrogate', [])).toString()).toBe('"\\u00e9\\ud800"\n')
    expect((await call('later', ['é😀'])).toString()).toBe('"é😀"\n')
    expect((await call('surrogate', [], true)).toString()).toBe('é\\ud800\n')
  })

  it('is its text, or its bytes, with --raw', async () => {
    expect((await call('later', ['a "text"'], true)).toString()).toBe('a "text"\n')
    expect(await call('binary', [], true)).toEqual(Buffer.from([0, 255, 10]))
  })

  it('of arguments that Python cannot read is an error', async () => {
    const [deep, long] = ['[', '1'].map((text) => text.repeat(100_000)) as [string, string]
    for (const args of [`${deep}${']'.repeat(100_000)}`, `[${long}]`]) {
      const called = py.run(CALL, ['commands:same', args, '{}'], { kwargs: { raw: false } })
      await expect(called).rejects.toMatchObject({
        code: expect.stringMatching(/ERR_PYTHREADS_(ARGUMENT|VALUE)/) as string,
      })
    }
  })
})

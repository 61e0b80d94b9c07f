// The formats of `pythreads map`, by option and by the names of files, and how much of an input it
// takes at a time.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { arrayLines } from '../../src/cli/json-array.ts'
import { limited, recordChunks } from '../../src/cli/record-chunks.ts'
import { runCli } from '../support/child.ts'
import { Places } from '../support/places.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())
const records = './test/python/records.py'
const at = (name: string) => join(places.root, name)
const numbered = (count: number) =>
  Array.from({ length: count }, (_, id) => `{"id": ${id}}\n`).join('')

/** The same two records in each format, with the values that it has. */
const TEXTS = {
  jsonl: '{"a": "1", "b": "x,\\ty"}\n{"a": "2", "b": "\\"q\\"\\n"}\n',
  json: '[\n{"a": "1", "b": "x,\\ty"},\n{"a": "2", "b": "\\"q\\"\\n"}\n]\n',
  csv: 'a,b\r\n1,"x,\ty"\r\n2,"""q""\n"\r\n',
  tsv: 'a\tb\r\n1\t"x,\ty"\r\n2\t"""q""\n"\r\n',
} as const
type Structured = keyof typeof TEXTS
const FORMATS = Object.keys(TEXTS) as Structured[]

describe('pythreads map', () => {
  it.each(FORMATS)(
    'reads %s by the name of its file, and writes each format by the name of its',
    async (from) => {
      writeFileSync(at(`in.${from}`), TEXTS[from])
      for (const to of FORMATS) {
        const ended = await runCli([
          'map',
          `${records}:same`,
          '-i',
          at(`in.${from}`),
          '-o',
          at(`out.${to}`),
        ])
        expect(ended).toMatchObject({ code: 0 })
        expect(readFileSync(at(`out.${to}`), 'utf8')).toBe(TEXTS[to])
      }
    },
  )

  it('goes by --format and --output-format first, then by the names, then by the input', async () => {
    for (const name of ['lines.json', 'in.jsonl']) writeFileSync(at(name), TEXTS.jsonl)
    const flags = ['-i', at('lines.json'), '--format', 'jsonl']
    expect(await runCli(['map', `${records}:same`, ...flags, '-q'])).toMatchObject({
      stdout: TEXTS.jsonl,
    })
    expect(
      await runCli(['map', `${records}:same`, ...flags, '--output-format', 'tsv', '-q']),
    ).toMatchObject({
      stdout: TEXTS.tsv,
    })
    writeFileSync(at('in.unknown'), TEXTS.jsonl)
    await runCli([
      'map',
      `${records}:same`,
      '-i',
      at('in.unknown'),
      '-o',
      at('out.json'),
      '--output-format',
      'csv',
    ])
    expect(readFileSync(at('out.json'), 'utf8')).toBe(TEXTS.csv)
    await runCli(['map', `${records}:same`, '-i', at('in.jsonl'), '-o', at('out.txt')])
    expect(readFileSync(at('out.txt'), 'utf8')).toBe(TEXTS.jsonl)
    writeFileSync(at('in.txt'), 'a\n')
    expect(await runCli(['map', `${records}:upper`, '-i', at('in.txt'), '-q'])).toMatchObject({
      stdout: 'A\n',
    })
    const piped = await runCli(['map', `${records}:same`, '-o', at('out.NDJSON')], {
      input: TEXTS.jsonl,
    })
    expect({ code: piped.code, text: readFileSync(at('out.NDJSON'), 'utf8') }).toEqual({
      code: 0,
      text: TEXTS.jsonl,
    })
  })

  it.each([
    ['[]', '[]\n', 0, ''],
    [' [ ]\n', '[]\n', 0, ''],
    [
      '\ufeff[1,\r\n [2, "[,]\\"" ] , {"a":\n{"b": 3}}]\n',
      '[\n1,\n[2, "[,]\\""],\n{"a": {"b": 3}}\n]\n',
      0,
      '',
    ],
    ['[1, 2', '[\n1\n]\n', 1, 'not closed'],
    ['[1, 2,]', '[\n1,\n2\n]\n', 1, 'item 3 of the JSON array is missing'],
    ['[1,, 2]', '[\n1\n]\n', 1, 'item 2 of the JSON array is missing'],
    ['[1] 2', '[\n1\n]\n', 1, 'more text behind'],
    ['{"a": 1}\n', '[]\n', 1, '--format jsonl'],
    ['', '[]\n', 1, 'it is empty'],
    ['[1, x, 3]', '[\n1\n]\n', 1, 'item 2: [ERR_PYTHREADS_INPUT] item 2 is not JSON'],
  ])('reads a JSON array, and says what is wrong with %j', async (input, output, code, message) => {
    const ended = await runCli(['map', `${records}:same`, '--format', 'json', '-q'], { input })
    expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code, stdout: output })
    expect(ended.stderr).toContain(message)
    if (code === 1) expect(ended.stderr).toContain('[ERR_PYTHREADS_INPUT]')
  })

  it('numbers the items of an array in the file of errors', async () => {
    const flags = ['--on-error', 'record', '--errors', at('errors'), '-q']
    const ended = await runCli(['map', `${records}:fails_on_3`, '-f', 'json', ...flags], {
      input: '[{"id": 1},\n\n{"id": 3}]',
    })
    expect(ended).toMatchObject({ code: 1, stdout: '[\n{"id": 1}\n]\n' })
    expect(ended.stderr).toBe(`pythreads: 1 of 2 records failed: see --errors ${at('errors')}\n`)
    expect(JSON.parse(readFileSync(at('errors'), 'utf8'))).toMatchObject({
      item: 2,
      code: 'ERR_PYTHREADS_PYTHON',
    })
  })

  it('writes what json.dumps does not know as copies have it', async () => {
    const ended = await runCli(['map', './test/python/commands.py:set_of', '-q'], {
      input: '[1]\n[]\n',
    })
    expect(ended).toMatchObject({ code: 0, stdout: '[1]\n[]\n' })
  })

  it.each(['jsonl', 'csv'] as const)(
    'takes only as many records of %s as --limit says',
    async (format) => {
      writeFileSync(at(`blank.${format}`), TEXTS[format].replace(/\n/, '\n\n'))
      const flags = ['-i', at(`blank.${format}`), '--output-format', 'jsonl']
      for (const [limit, count] of [
        ['1', 1],
        ['2', 2],
        ['9', 2],
      ] as const) {
        const { code, stdout, stderr } = await runCli([
          'map',
          `${records}:same`,
          ...flags,
          '--limit',
          limit,
        ])
        expect({ code, stdout }).toEqual({
          code: 0,
          stdout: TEXTS.jsonl
            .split(/(?<=\n)/)
            .slice(0, count)
            .join(''),
        })
        expect(stderr).toContain(`${count} records, 0 failed`)
      }
    },
  )

  it('gives workers as many records at a time as --chunk says', async () => {
    const flags = ['--chunk', '3', '-w', '2', '-q']
    const { stdout } = await runCli(
      ['map', `${records}:counts_its_chunk`, '-f', 'lines', '--output-format', 'jsonl', ...flags],
      {
        input: 'x\n'.repeat(8),
      },
    )
    expect(stdout.trim().split('\n').map(Number)).toEqual([1, 2, 3, 1, 2, 3, 1, 2])
  })

  it.each(['process', 'thread'])(
    'ends a record that takes longer than --timeout; the others are not lost (%s)',
    async (isolation) => {
      const flags = ['--timeout', '2s', '--on-error', 'skip', '-w', '2', '--isolation', isolation]
      const { code, stdout, stderr } = await runCli(['map', `${records}:spins_on_3`, ...flags], {
        input: numbered(10),
      })
      expect({ code, stdout }).toEqual({ code: 1, stdout: numbered(10).replace('{"id": 3}\n', '') })
      expect(stderr).toContain('line 4: [ERR_PYTHREADS_TIMEOUT]')
      expect(stderr).toContain('1 of 10 records failed')
    },
  )
})

describe('an array as lines', () => {
  const text = '[{"a": "[,\\\\"},\n\t[1, [2], "\\"]"] , "é,", 4.5\r\n, null]  \n'

  async function* parts(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
    for (let start = 0; start < bytes.length; start += size)
      yield Buffer.from(bytes.subarray(start, start + size))
  }

  it.each([1, 2, 3, 7, 1000])(
    'has an item a line, and as many bytes, however it is cut (%d)',
    async (size) => {
      const made = []
      for await (const part of arrayLines(parts(Buffer.from(text), size))) made.push(part)
      const lines = Buffer.concat(made).toString()
      expect(Buffer.byteLength(lines)).toBe(Buffer.byteLength(text))
      const items = lines.split('\n').map((line) => line.trim())
      expect(
        items.filter((line) => line !== '').map((line) => JSON.parse(line) as unknown),
      ).toEqual(JSON.parse(text))
    },
  )

  it('end after the given number of records, not counting blank lines', async () => {
    const source = parts(Buffer.from('1\n\n2\n \n3\n4'), 4)
    const chunks = limited(
      recordChunks(source, () => 100, false),
      3,
      false,
      (line) => line.toString().trim() !== '',
    )
    let taken = ''
    for await (const { bytes } of chunks) taken += bytes.toString()
    expect(taken).toBe('1\n\n2\n \n3\n')
  })
})

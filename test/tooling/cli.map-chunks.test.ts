// How `pythreads map` shares an input among workers, and how it ends. A hang here means that a
// record waited for others.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { halve, recordChunks } from '../../src/cli/record-chunks.ts'
import { startCli } from '../support/child.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const records = './test/python/records.py'
const numbered = (count: number) =>
  Array.from({ length: count }, (_, id) => `{"id": ${id}}\n`).join('')
const folder = mkdtempSync(join(tmpdir(), 'pythreads-map-chunks-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('pythreads map', () => {
  it('gives a small input to every worker', async () => {
    const meeting = join(folder, 'meeting')
    mkdirSync(meeting)
    const flags = ['--format', 'jsonl', '--isolation', 'process', '-w', '2']
    const { code, stdout } = await startCli(['map', `${records}:meets`, ...flags], {
      input: `${JSON.stringify(meeting)}\n`.repeat(4),
    }).ended
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'true\n'.repeat(4) })
  })

  it('writes the results of a slow input before more of it comes', async () => {
    const args = [join(root, 'dist', 'cli', 'main.js'), 'map', `${records}:same`, '-q', '-w', '2']
    const child = spawn(process.execPath, args, { cwd: root })
    const lines: string[] = []
    for (let id = 0; id < 20; id++) {
      child.stdin.write(`{"id": ${id}}\n`) // the next one only when the result of this one is there
      lines.push(
        await new Promise<string>((resolve) =>
          child.stdout.setEncoding('utf8').once('data', resolve),
        ),
      )
    }
    child.stdin.end()
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0)
    expect(lines.join('')).toBe(numbered(20))
  })

  it.each(['process', 'thread'])(
    'ends at Ctrl-C while a record takes for ever, and counts what it has written (%s)',
    async (isolation) => {
      const [input, output] = [join(folder, 'blocks.jsonl'), join(folder, 'blocks.out')]
      writeFileSync(input, numbered(10))
      const flags = [
        '-i',
        input,
        '-o',
        output,
        '-w',
        '1',
        '--isolation',
        isolation,
        '--print',
        'stdout',
      ]
      const child = startCli(['map', `${records}:blocks_on_3`, ...flags])
      await child.printed('blocked')
      child.kill('SIGINT')
      const { code, stderr } = await child.ended
      const [, count] = /^(\d) records, 0 failed/.exec(stderr) ?? []
      expect({ code, count }).toEqual({ code: 130, count: expect.stringMatching(/[0-3]/) })
      expect(readFileSync(output, 'utf8')).toBe(numbered(Number(count)))
    },
  )

  it('stops at a failing record while its input stays open', async () => {
    const args = [join(root, 'dist', 'cli', 'main.js'), 'map', `${records}:fails_on_3`, '-q']
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['pipe', 'pipe', 'ignore'] })
    child.stdin.on('error', () => {})
    child.stdin.write(numbered(5))
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(1)
  })
})

describe('chunks of records', () => {
  async function* parts(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
  }

  async function chunked(text: string, partBytes: number, most: number, csv: boolean) {
    const chunks = []
    for await (const chunk of recordChunks(parts(Buffer.from(text), partBytes), () => most, csv))
      chunks.push(chunk)
    return chunks
  }

  const inputs: [string, string, boolean][] = [
    ['lines', 'a\nbb\n\nccc"\nd\n', false],
    ['lines without an end', 'a\nbb\n\nccc', false],
    ['CSV', 'a,b\n"x\ny",1\n"""\n""",2\nz,3\n', true],
    ['CSV with a quote that is not closed', 'a,b\n1,2\n"x\n3,4\n5,6\n', true],
  ]
  it.each(inputs)('are whole, few enough bytes, and all of the input: %s', async (_, text, csv) => {
    const whole = (await chunked(text, 1000, 1, csv)).map(({ bytes }) => bytes.toString())
    for (const partBytes of [1, 2, 3, 5, 1000]) {
      for (const most of [1, 2, 4, 7, 1000]) {
        const chunks = await chunked(text, partBytes, most, csv)
        expect(chunks.map(({ bytes }) => bytes.toString()).join('')).toBe(text)
        let line = 1
        let record = 0
        for (const { bytes, firstLine } of chunks) {
          expect(firstLine).toBe(line)
          line += bytes.toString().split('\n').length - 1
          const first = record
          let length = 0
          while (length < bytes.length) length += whole[record++]?.length ?? Number.NaN
          expect(length).toBe(bytes.length)
          expect(record - first === 1 || bytes.length <= most).toBe(true)
        }
      }
    }
  })

  it('cost as much as there are bytes, also where no record ends', async () => {
    // Counted, not timed: how many bytes are looked at is what it allocates and concatenates.
    const concat = Buffer.concat
    let copied = 0
    Buffer.concat = (list, length) => {
      copied += list.reduce((sum, { length: bytes }) => sum + bytes, 0)
      return concat(list, length)
    }
    try {
      for (const most of [1, 100_000]) {
        copied = 0
        const text = `"a,b\n${'1,2\n'.repeat(250_000)}`
        await chunked(text, 1000, most, true)
        expect(copied).toBeLessThanOrEqual(text.length)
      }
    } finally {
      Buffer.concat = concat
    }
  })

  it('are refused where a record has no end', async () => {
    async function* endless(): AsyncGenerator<Buffer> {
      const part = Buffer.alloc(2 ** 24, 'x')
      for (;;) yield part
    }
    const chunks = recordChunks(endless(), () => 1, false)
    await expect(chunks.next()).rejects.toMatchObject({ code: 'ERR_PYTHREADS_INPUT' })
  })

  it('are halved where a record ends', () => {
    const chunk = { bytes: Buffer.from('"a\nb",1\nc,2\n'), firstLine: 5 }
    expect(
      halve(chunk, true)?.map(({ bytes, firstLine }) => [bytes.toString(), firstLine]),
    ).toEqual([
      ['"a\nb",1\n', 5],
      ['c,2\n', 7],
    ])
    expect(halve({ bytes: Buffer.from('"a\nb",1\n'), firstLine: 1 }, true)).toBeUndefined()
  })
})

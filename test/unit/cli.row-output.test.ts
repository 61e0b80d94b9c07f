// What is left of an output that takes no more, for each size at which it is full.
import type { FileHandle } from 'node:fs/promises'
import { expect, it } from 'vitest'
import type { Format } from '../../src/cli/formats.ts'
import { FileOutput } from '../../src/cli/row-output.ts'

/** A file on a disk that has room for `room` bytes. */
class SmallFile {
  bytes = Buffer.alloc(0)
  readonly #room: number

  constructor(room: number) {
    this.#room = room
  }

  async write(
    from: Uint8Array,
    offset = 0,
    length = from.length - offset,
    position = this.bytes.length,
  ) {
    const bytesWritten = Math.min(length, this.#room - position)
    if (bytesWritten <= 0 && length > 0)
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
    this.bytes = Buffer.concat([
      this.bytes.subarray(0, position),
      from.subarray(offset, offset + bytesWritten),
    ])
    return { bytesWritten }
  }

  async truncate(size: number) {
    this.bytes = this.bytes.subarray(0, size)
  }

  async close() {}
}

/** Rows as workers write them, some at a time. */
const CHUNKS: Readonly<Record<Format, readonly (readonly [string, number])[]>> = {
  jsonl: [
    ['{"a": 1}\n2\n', 2],
    ['', 0],
    ['3\n"four"\n', 2],
  ],
  json: [
    ['', 0],
    [',\n{"a": 1},\n2', 2],
    [',\n3', 1],
    ['', 0],
    [',\n"four"', 1],
  ],
  lines: [
    ['a\n\nb\n', 3],
    ['c\n', 1],
  ],
  csv: [
    ['a,b\r\n1,"x\ny"\r\n', 1],
    ['2,"""\n"\r\n', 1],
  ],
  tsv: [
    ['a\tb\r\n1\t"x\ny"\r\n', 1],
    ['2\t"""\n"\r\n', 1],
  ],
}

async function written(format: Format, room: number) {
  const file = new SmallFile(room)
  const output = new FileOutput(file as unknown as FileHandle, 'out', format)
  let message = ''
  try {
    for (const [rows, count] of CHUNKS[format]) await output.write(Buffer.from(rows), count)
  } catch (error) {
    message = (error as Error).message
  }
  await output.end().catch((error: Error) => {
    message ||= error.message
  })
  const [, rows, bytes] = /\(ENOSPC\); (\d+) rows are written \((\d+) bytes\)/.exec(message) ?? []
  return {
    text: file.bytes.toString(),
    rows: Number(rows),
    bytes: Number(bytes),
    failed: message !== '',
  }
}

it.each(Object.keys(CHUNKS) as Format[])(
  'ends with a whole row of %s, and counts what is there, at whatever size it is full',
  async (format) => {
    const whole = (await written(format, 1000)).text
    if (format === 'json') expect(JSON.parse(whole)).toEqual([{ a: 1 }, 2, 3, 'four'])
    let last = -1
    for (let room = format === 'json' ? 3 : 0; room < whole.length; room++) {
      const { text, rows, bytes, failed } = await written(format, room)
      expect({ failed, bytes, fits: bytes <= room }).toEqual({
        failed: true,
        bytes: text.length,
        fits: true,
      })
      expect(rows).toBeGreaterThanOrEqual(last)
      last = rows
      if (format === 'json') expect((JSON.parse(text) as unknown[]).length).toBe(rows)
      else expect(whole.startsWith(text) && (text === '' || text.endsWith('\n'))).toBe(true)
    }
    expect(last).toBeGreaterThan(0)
  },
)

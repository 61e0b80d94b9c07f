// What `pythreads map` does to files: it never empties one that it reads or that it writes
// otherwise, and when a file takes no more, it says how much is in it. A failure here prints the
// status and the standard error of the program that was run.
import { spawn } from 'node:child_process'
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Ended, gathered, runCli } from '../support/child.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const cli = join(root, 'dist', 'cli', 'main.js')
const records = join(root, 'test', 'python', 'records.py')
const numbered = (count: number) =>
  Array.from({ length: count }, (_, id) => `{"id": ${id}}\n`).join('')

let folder = ''
const at = (name: string) => join(folder, name)
const read = (name: string) => readFileSync(at(name), 'utf8')

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pythreads-map-files-'))
  writeFileSync(at('in'), numbered(10))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Runs the program by a shell, whose redirections it has then. */
function shell(script: string): Promise<Ended> {
  const child = spawn('sh', ['-c', script], {
    cwd: folder,
    env: { ...process.env, CLI: `${process.execPath} ${cli}`, records },
  })
  return gathered(child).ended
}

describe('pythreads map refuses to write', () => {
  const links: Record<string, (target: string) => void> = {
    'the same path': () => {},
    'a symbolic link': () => symlinkSync(at('in'), at('link')),
    'a hard link': () => linkSync(at('in'), at('link')),
  }
  it.each(
    Object.keys(links).flatMap((how) => [
      [how, '--output'],
      [how, '--errors'],
    ]),
  )('into its input by %s (%s)', async (how, flag) => {
    links[how]?.('')
    const path = how === 'the same path' ? at('in') : at('link')
    const flags =
      flag === '--output'
        ? ['-o', path]
        : ['-o', at('out'), '--on-error', 'record', '--errors', path]
    const { code, stderr } = await runCli(['map', `${records}:same`, '-i', at('in'), ...flags])
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('ERR_PYTHREADS_USAGE'),
    })
    expect(read('in')).toBe(numbered(10))
    expect(existsSync(at('out'))).toBe(false)
  })

  it('the errors beside the output when that file is the input', async () => {
    writeFileSync(at('x.errors.jsonl'), numbered(10))
    const { code } = await runCli([
      'map',
      `${records}:same`,
      '-i',
      at('x.errors.jsonl'),
      '-o',
      at('x'),
      '--on-error',
      'record',
    ])
    expect(code).toBe(2)
    expect(read('x.errors.jsonl')).toBe(numbered(10))
  })

  it.each(['that is there', 'that is to be made'])(
    'results and errors into one file %s',
    async (which) => {
      if (which === 'that is there') writeFileSync(at('out'), 'kept')
      mkdirSync(at('sub'))
      const flags = [
        '-o',
        at('out'),
        '--on-error',
        'record',
        '--errors',
        join(folder, 'sub', '..', 'out'),
      ]
      const { code, stderr } = await runCli(['map', `${records}:same`, '-i', at('in'), ...flags])
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: expect.stringContaining('ERR_PYTHREADS_USAGE'),
      })
      expect(existsSync(at('out')) && read('out')).toBe(which === 'that is there' && 'kept')
    },
  )

  it.each([
    ['standard input is --output', '$CLI map $records:same -o in < in'],
    ['standard output is --input', '$CLI map $records:same -i in >> in'],
    [
      'standard output is --errors',
      '$CLI map $records:same -i in --on-error record --errors out >> out',
    ],
  ])('where %s', async (_, script) => {
    writeFileSync(at('out'), 'kept')
    const { code, stderr } = await shell(script)
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('ERR_PYTHREADS_USAGE'),
    })
    expect([read('in'), read('out')]).toEqual([numbered(10), 'kept'])
  })

  it.each([
    ['a folder', '.', 'EISDIR'],
    ['a folder that is not there', 'no/such/out', 'ENOENT'],
    ['what is no folder', 'in/out', 'ENOTDIR'],
  ])('into %s, and runs nothing', async (_, path, code) => {
    for (const flags of [
      ['-o', at(path)],
      ['-o', at('out'), '--on-error', 'record', '--errors', at(path)],
    ]) {
      const ended = await runCli(['map', `${records}:writes_marker`, '-i', at('in'), ...flags], {
        env: { MARKER: at('marker') },
      })
      expect(ended).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('[ERR_PYTHREADS_FILE]') as string,
      })
      expect(ended.stderr).toContain(flags.at(-1))
      expect(ended.stderr).toContain(code)
      expect([existsSync(at('marker')), existsSync(at('out'))]).toEqual([false, false])
    }
  })
})

describe('pythreads map', () => {
  it('writes over an output that is longer, and takes devices for each of its files', async () => {
    writeFileSync(at('out'), numbered(1000))
    expect(await runCli(['map', `${records}:same`, '-i', at('in'), '-o', at('out')])).toMatchObject(
      { code: 0 },
    )
    expect(read('out')).toBe(numbered(10))
    const devices = ['-o', '/dev/null', '--on-error', 'record', '--errors', '/dev/null']
    expect(
      await runCli(['map', `${records}:fails_on_3`, '-i', at('in'), ...devices]),
    ).toMatchObject({ code: 1 })
  })

  it('says that the output is full, with its name and what is written', async () => {
    const { code, stderr } = await runCli([
      'map',
      `${records}:same`,
      '-i',
      at('in'),
      '-o',
      '/dev/full',
    ])
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /\[ERR_PYTHREADS_FILE\] --output \/dev\/full: no space left on device \(ENOSPC\); 0 rows are written/,
    )
  })

  it('says that the file of errors is full', async () => {
    const flags = ['-o', at('out'), '--on-error', 'record', '--errors', '/dev/full']
    const { code, stderr } = await runCli([
      'map',
      `${records}:fails_on_3`,
      '-i',
      at('in'),
      ...flags,
    ])
    expect(code).toBe(1)
    expect(stderr).toMatch(/\[ERR_PYTHREADS_FILE\] --errors \/dev\/full: .*ENOSPC/)
    expect(read('out')).toBe(numbered(10).replace('{"id": 3}\n', '').slice(0, read('out').length))
  })

  it('says that standard output is full', async () => {
    const { code, stderr } = await shell('$CLI map $records:same -i in > /dev/full')
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('[ERR_PYTHREADS_FILE] standard output'),
    })
  })

  it.each(['jsonl', 'lines', 'csv', 'tsv'])(
    'keeps whole rows of %s, and counts them, when a file takes no more',
    async (format) => {
      const csv = format === 'csv' || format === 'tsv'
      const separator = format === 'tsv' ? '\t' : ','
      const row = (id: number) => (csv ? `"a\nb"${separator}${id}\r\n` : `{"id": ${id}}\n`)
      const table = `name,a,b\n${Array.from({ length: 5000 }, (_, id) => `"a\nb",${id},0\n`).join('')}`
      writeFileSync(at('in'), csv ? table.replaceAll(',', separator) : numbered(5000))
      // The largest file that it may write, in units of 512 bytes.
      const map = `exec $CLI map $records:${csv ? 'total' : 'same'} -f ${format} -i in -o out`
      const { code, stderr } = await shell(`trap "" XFSZ; ulimit -f 32; ${map}`)
      expect(code).toBe(1)
      const [, rows, bytes] =
        /--output out: .*\(EFBIG\); ([\d,]+) rows are written \(([\d,]+) bytes\)/.exec(stderr) ?? []
      const count = Number(rows?.replaceAll(',', ''))
      expect(count).toBeGreaterThan(100)
      const whole =
        (csv ? `name${separator}total\r\n` : '') +
        Array.from({ length: count }, (_, id) => row(id)).join('')
      expect(read('out')).toBe(whole)
      expect(Number(bytes?.replaceAll(',', ''))).toBe(statSync(at('out')).size)
    },
  )

  it.each([0, 1, 2, 3])(
    'closes a JSON array, and counts its rows, when a file takes no more (%d)',
    async (more) => {
      // Of another length each time, so that the limit is met within a row, between two and in the
      // end of the array.
      const row = (id: number) => `{"id": ${id}, "x": "${'y'.repeat(more)}"}`
      writeFileSync(at('in'), Array.from({ length: 1000 }, (_, id) => `${row(id)}\n`).join(''))
      const map = 'exec $CLI map $records:same -i in -o out.json'
      const { code, stderr } = await shell(`trap "" XFSZ; ulimit -f 16; ${map}`)
      const rows = JSON.parse(read('out.json')) as { id: number }[]
      const [, count, bytes] =
        /\(EFBIG\); ([\d,]+) rows are written \(([\d,]+) bytes\)/.exec(stderr) ?? []
      expect({ code, count, bytes }).toEqual({
        code: 1,
        count: rows.length.toLocaleString('en-US'),
        bytes: statSync(at('out.json')).size.toLocaleString('en-US'),
      })
      expect(rows.map(({ id }) => id)).toEqual(Array.from({ length: rows.length }, (_, id) => id))
      expect(rows.length).toBeGreaterThan(100)
    },
  )

  it('says that the input breaks, and keeps what was written', async () => {
    // What lies at its beginning cannot be read: EIO, as from a disk that is broken.
    const { code, stderr } = await shell('$CLI map $records:same -i /proc/self/mem -o out')
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/ERR_PYTHREADS_FILE\] --input \/proc\/self\/mem: .*EIO/),
    })
    expect(read('out')).toBe('')
  })
})

// How the program ends: Ctrl-C, a reader that goes away or is slow, no terminal. A hang here means
// that Ctrl-C was not heeded.
import { existsSync, openSync, readFileSync, readSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { DescriptorStream } from '../../src/cli/descriptor-stream.ts'
import { Interrupt } from '../../src/cli/interrupt.ts'
import { Printer } from '../../src/cli/printer.ts'
import { startCli } from '../support/child.ts'
import { Places } from '../support/places.ts'
import { inTerminal } from '../support/pty.ts'
import { placements } from '../support/pythons.ts'
import { shell } from '../support/shell.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())
afterEach(() => {
  process.removeAllListeners('SIGINT')
  vi.restoreAllMocks()
})
const commands = './test/python/commands.py'
const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const stdout = ['--print', 'stdout']
const ESCAPE = String.fromCharCode(27)
const color = new RegExp(`${ESCAPE}\\[[\\d;]*m`)

describe('Ctrl-C', () => {
  it.each(placements)(
    'interrupts a call, lets Python clean up, and ends with status 130, in $name',
    async (place) => {
      const path = places.path(`ended-${place.turn}`)
      const flags = ['--isolation', place.isolation, '--python', place.python, ...stdout]
      const child = startCli(['run', `${commands}:waits`, path, ...flags])
      await child.printed('begun')
      child.kill('SIGINT')
      const { code, stderr } = await child.ended
      expect({ code, stderr, ended: existsSync(path) && readFileSync(path, 'utf8') }).toEqual({
        code: 130,
        stderr: '',
        ended: 'ended\n',
      })
    },
  )

  it.each(['process', 'thread'])(
    'ends calls from threads that nothing interrupts, and says how many there were (%s)',
    async (kind) => {
      const child = startCli([
        'run',
        `${commands}:never_ends`,
        '--threads',
        '2',
        '--every',
        '1s',
        ...stdout,
        '--isolation',
        kind,
      ])
      await child.printed('begun')
      child.kill('SIGINT')
      expect(await child.ended).toMatchObject({
        code: 130,
        stderr: expect.stringMatching(/^0 calls, 0 errors/) as string,
      })
    },
  )

  it.each(['process', 'thread'])(
    'does not wait for a call that nothing interrupts (%s)',
    async (kind) => {
      const child = startCli(['run', `${commands}:never_ends`, ...stdout, '--isolation', kind])
      await child.printed('begun')
      child.kill('SIGINT')
      expect(await child.ended).toMatchObject({ code: 130, stderr: '' })
    },
  )

  it('ends pythreads bench with its report', async () => {
    const child = startCli([
      'bench',
      `${commands}:never_ends`,
      '-w',
      '2',
      '--for',
      '60s',
      '--isolation',
      'process',
    ])
    await child.said('begun')
    child.kill('SIGINT')
    expect(await child.ended).toMatchObject({
      code: 130,
      stdout: expect.stringMatching(/^0 calls, 0 errors/) as string,
    })
  })

  it('ends the program while Python starts', async () => {
    const child = startCli(['run', './test/python/waits_at_import.py:f', ...stdout])
    await child.printed('begun')
    child.kill('SIGINT')
    expect(await child.ended).toMatchObject({ code: 130, stderr: '' })
  })

  it('is heeded the first time, and ends the process at once the second time', () => {
    const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never)
    const interrupt = new Interrupt()
    const stop = interrupt.handle()
    process.emit('SIGINT')
    expect([stop.aborted, interrupt.came, exit.mock.calls]).toEqual([true, true, []])
    process.emit('SIGINT')
    expect(exit.mock.calls).toEqual([[130]])
  })

  it('ends the process at once where nothing has to be ended in order', () => {
    const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never)
    expect(new Interrupt().came).toBe(false)
    process.emit('SIGINT')
    expect(exit.mock.calls).toEqual([[130]])
  })
})

describe('a reader that goes away', () => {
  it.each([
    `pythreads run ${commands}:large 10000000`,
    `pythreads run ${commands}:large 10000000 --isolation thread`,
    `pythreads run ${commands}:same --every 10ms`,
    'pythreads map builtins:abs -i numbers.jsonl',
    'pythreads map builtins:abs -i numbers.jsonl --output-format json',
    'pythreads doctor --verbose',
    'pythreads --help',
    'pythreads map --help',
  ])('ends %s quietly', async (line) => {
    places.file('numbers.jsonl', '1\n'.repeat(100_000))
    const script = `${line.replace('numbers', places.path('numbers'))} | head -c 2 > /dev/null; echo "\${PIPESTATUS[0]}"`
    expect(await shell(script)).toMatchObject({ stdout: '0\n', stderr: '' })
  })

  it('of stderr ends nothing and says nothing', async () => {
    const status = places.path('status')
    const run = `pythreads run ${commands}:fails_for '"$call"' --count 200 -t 2 2>&1 >/dev/null`
    const { stderr } = await shell(`(${run}; echo "$?" > "${status}") | head -n 1 >/dev/null; wait`)
    expect({ status: readFileSync(status, 'utf8'), stderr }).toEqual({ status: '1\n', stderr: '' })
  })
})

describe('a reader that is slow', () => {
  it('lets the printer wait', async () => {
    const path = places.path('fifo')
    await shell(`mkfifo "${path}"`)
    const fd = openSync(path, 'r+') // both ends: opening waits for nobody
    const printer = new Printer(new DescriptorStream(fd))
    const size = 1 << 20
    let isDone = false
    const printed = Promise.resolve(printer.print(Buffer.alloc(size, 'x'))).then(() => {
      isDone = true
    })
    for (let i = 0; i < 100; i++) await turn()
    expect(isDone).toBe(false)
    const reader = (async () => {
      for (let left = size; left > 0; left -= readSync(fd, Buffer.alloc(Math.min(left, 1 << 15))))
        await turn()
    })()
    await Promise.all([printed, reader])
    await printer.end()
    expect(printer.failure).toBeUndefined()
  })

  it.each(['process', 'thread'])('gets every byte of a large result (%s)', async (isolation) => {
    const run = `pythreads run ${commands}:large 20000000 --isolation ${isolation}`
    expect((await shell(`${run} | (read -r -n 1 quote; echo "$quote"; wc -c)`)).stdout).toBe(
      '"\n20000002\n',
    )
  })
})

describe('a terminal', () => {
  const map = [
    process.execPath,
    cli,
    'map',
    'builtins:abs',
    '-i',
    places.file('few.jsonl', '1\n2\n'),
    '-o',
    '/dev/null',
  ]

  it('gets no colors, and its cursor back', async () => {
    const { code, stdout: screen } = await inTerminal(map, { NO_COLOR: '1' })
    expect(code).toBe(0)
    expect(screen).toContain('2 records, 0 failed')
    expect(screen).not.toMatch(color)
    expect(screen.lastIndexOf(`${ESCAPE}[?25h`)).toBeGreaterThanOrEqual(
      screen.lastIndexOf(`${ESCAPE}[?25l`),
    )
  })

  it('that can do nothing gets lines alone', async () => {
    const { code, stdout: screen } = await inTerminal(map, { TERM: 'dumb' })
    expect({ code, screen }).toEqual({
      code: 0,
      screen: expect.stringMatching(/^2 records, 0 failed, .*\r\n$/),
    })
  })

  it('is not needed: without one there are no escapes, and standard input may be closed', async () => {
    const {
      code,
      stdout: out,
      stderr,
    } = await shell(
      `pythreads run ${commands}:same 1 -t 2 <&- && pythreads map builtins:abs <<< '-1'`,
    )
    expect({ code, out }).toEqual({ code: 0, out: '[1]\n[1]\n1\n' })
    expect(stderr).not.toContain(ESCAPE)
  })
})

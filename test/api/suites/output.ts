import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { OutputLine, Python } from '../../../src/index.ts'
import { type Placement, start } from '../../support/placement.ts'

/** What Python prints, and its warnings. */
export function outputSuite(place: Placement): void {
  describe('output', () => {
    const own = place.isolation !== 'thread'

    async function heard(
      use: (py: Python) => Promise<unknown>,
      lines: number,
    ): Promise<OutputLine[]> {
      const all: OutputLine[] = []
      await using py = await start(place, { output: (line) => all.push(line) })
      await use(py)
      await expect.poll(() => all.length).toBeGreaterThanOrEqual(lines)
      return all
    }

    it('of a call is there before its result, line by line, with its worker and call', async () => {
      const lines: OutputLine[] = []
      await using py = await start(place, { output: (line) => lines.push(line) })
      await py.run('builtins:print', ['one\ntwo', 'three'], { worker: 1 })
      const { call } = lines[0] as OutputLine
      expect(lines).toEqual([
        { text: 'one', stream: 'stdout', worker: 1, call },
        { text: 'two three', stream: 'stdout', worker: 1, call },
      ])
      expect(call).toEqual(expect.any(Number))
      await py.run('builtins:print', ['later'], { worker: 1 })
      expect(lines[2]).toMatchObject({ text: 'later', worker: 1 })
      expect(lines[2]?.call).not.toBe(call)
    })

    it('has all come when close() is over: of a thread and a coroutine too, with an end or without', async () => {
      const lines: string[] = []
      const py = await start(place, { workers: 1, output: ({ text }) => lines.push(text) })
      await py.exec`
import asyncio, threading
async def begins():
    print('of a coroutine', end='')
    await asyncio.sleep(0)
def talk():
    for i in range(200): print('of a thread', i)
    print('at last', end='', flush=True)
def start():
    thread = threading.Thread(target=talk)
    thread.start()
    thread.join()
`
      await py.eval('begins()')
      // where workers share an interpreter, threads belong to none
      if (own) await py.eval('start()')
      await py.close()
      const ours = lines.filter((line) => line.startsWith('of a thread'))
      expect(ours).toEqual(Array.from({ length: own ? 200 : 0 }, (_, i) => `of a thread ${i}`))
      expect(lines.includes('at last')).toBe(own)
      expect(lines).toContain('of a coroutine')
    })

    if (place.isolation === 'process') {
      it('of C code and of the end of the process has come when close() is over', async () => {
        const lines: string[] = []
        const py = await start(place, { workers: 1, output: ({ text }) => lines.push(text) })
        await py.exec(
          'import atexit, os; atexit.register(os.write, 1, b"".join(b"of the end %i\\n" % i for i in range(4000)))',
        )
        await py.close()
        expect(lines).toEqual(Array.from({ length: 4_000 }, (_, i) => `of the end ${i}`))
      })
    }

    it('without an end is a line when the call ends', async () => {
      const lines = await heard(
        (py) => py.run('builtins:print', ['begun', 'é€\u{1f600}'], { kwargs: { end: '' } }),
        1,
      )
      expect(lines.map(({ text }) => text)).toEqual(['begun é€\u{1f600}'])
    })

    it('that is flushed in pieces is one line', async () => {
      const lines = await heard(
        (py) => py.exec('for i in range(5): print(i, end="", flush=True)\nprint("end")'),
        1,
      )
      expect(lines.map(({ text }) => text)).toEqual(Array(own ? 2 : 1).fill('01234end'))
    })

    it('of logging and of stderr is told as such', async () => {
      const source =
        'import logging, sys; log = logging.getLogger("some"); log.propagate = False; log.warning("careful"); print("to stderr", file=sys.stderr)'
      const lines = await heard((py) => py.exec(source), 2)
      expect(new Set(lines.map(({ stream, text }) => `${stream}: ${text}`))).toEqual(
        new Set(['stderr: careful', 'stderr: to stderr']),
      )
    })

    it('of many callers keeps lines whole and knows whose they are', async () => {
      const lines: OutputLine[] = []
      await using py = await start(place, { output: (line) => lines.push(line) })
      await Promise.all(
        Array.from({ length: 200 }, (_, i) =>
          py.run('builtins:print', [`${i} `.repeat(50), i], { worker: i % 2 }),
        ),
      )
      expect(lines).toHaveLength(200)
      for (const { text, worker } of lines) {
        const number = Number(text.split(' ')[0])
        expect(text).toBe(`${`${number} `.repeat(50)} ${number}`)
        expect(worker).toBe(number % 2)
      }
    })

    it('of a coroutine has its call', async () => {
      const lines: OutputLine[] = []
      await using py = await start(place, { workers: 1, output: (line) => lines.push(line) })
      await py.exec(
        'import asyncio\nasync def tells(x):\n  print("begin", x)\n  await asyncio.sleep(0.01)\n  print("end", x, end="")',
      )
      await Promise.all([py.eval('tells(1)'), py.eval('tells(2)')])
      const calls = (x: number) =>
        lines.filter(({ text }) => text.endsWith(`${x}`)).map(({ text, call }) => [text, call])
      expect(lines).toHaveLength(4)
      for (const x of [1, 2]) {
        const [[, call] = []] = calls(x)
        expect(calls(x)).toEqual([
          [`begin ${x}`, call],
          [`end ${x}`, call],
        ])
      }
    })

    it('of a thread of the program and of child processes is heard where it belongs to one worker', async () => {
      const source =
        'import threading; t = threading.Thread(target=print, args=("from a thread",)); t.start(); t.join()'
      if (!own) return expect(await heard((py) => py.eval('print("own")'), 1)).toHaveLength(1)
      const lines = await heard((py) => py.run('builtins:exec', [source]), 1)
      expect(lines).toEqual([
        { text: 'from a thread', stream: 'stdout', worker: expect.any(Number), call: null },
      ])
    })

    it('of sync calls is heard', async () => {
      const lines = await heard(async (py) => py.sync.run('builtins:print', ['sync']), 1)
      expect(lines).toEqual([expect.objectContaining({ text: 'sync', stream: 'stdout' })])
    })

    it('has in its streams what libraries ask of them', async () => {
      await using py = await start(place, { workers: 1, output: () => {} })
      const asked = await py.eval(`[
        (s.encoding, s.name, s.mode, s.line_buffering, s.write_through, s.newlines, s.closed, s.isatty(), s.fileno(),
         s.writable(), s.readable(), s.seekable(), s.reconfigure(line_buffering=True), s.errors is not None,
         isinstance(s, __import__("io").TextIOWrapper), s.buffer.writable(), s.buffer.fileno(), s.writelines([]), s.flush())
        for s in (__import__("sys").stdout, __import__("sys").stderr)]`)
      const of = (name: string, fd: number) => {
        const facts = [
          'utf-8',
          name,
          'w',
          true,
          false,
          null,
          false,
          false,
          fd,
          true,
          false,
          false,
          null,
          true,
          true,
          true,
          fd,
        ]
        return [...facts, null, null]
      }
      expect(asked).toEqual([of('<stdout>', 1), of('<stderr>', 2)])
    })

    it.each([
      ['bytes of its buffer', 'sys.stdout.buffer.write("é".encode()); print(" text")', ['é text']],
      [
        'a text stream made around its buffer',
        'io.TextIOWrapper(sys.stdout.buffer, "utf-8").write("é\\n")',
        ['é'],
      ],
      ['a writer of codecs', 'codecs.getwriter("utf-8")(sys.stdout.buffer).write("é\\n")', ['é']],
      [
        'a stream made of what was detached',
        'f = io.TextIOWrapper(sys.stdout.detach(), "utf-8"); print("é", file=f); f.flush()',
        ['é'],
      ],
      ['sys.__stdout__', 'print("é", file=sys.__stdout__)', ['é']],
      ['a stream that was closed', 'sys.stdout.close(); print("é")', ['é']],
      ['a with statement', 'with sys.stdout: print("é")', ['é']],
      [
        'another encoding',
        'sys.stdout.reconfigure(encoding="latin-1", errors="replace"); print("é€")',
        ['é?'],
      ],
      [
        'states of a progress bar',
        'for i in range(3): print(f"\\r{i}", end="", flush=True)',
        ['0', '1', '2'],
      ],
    ])('hears %s', async (_, source, expected) => {
      const lines: string[] = []
      await using py = await start(place, { workers: 1, output: ({ text }) => lines.push(text) })
      const names = '{k: __import__(k) for k in ("sys", "io", "codecs")}'
      try {
        await py.run('builtins:eval', [`exec(${JSON.stringify(source)}, ${names})`])
        await py.run('builtins:print', ['still there'])
      } finally {
        await py.run('builtins:eval', [
          '__import__("sys").stdout.reconfigure(encoding="utf-8", errors="surrogateescape")',
        ])
      }
      expect(lines).toEqual([...expected, 'still there'])
    })

    it('goes nowhere else while it is redirected', async () => {
      const lines = await heard((py) => {
        const redirect = 'with contextlib.redirect_stdout(io.StringIO()) as f: print("hidden")'
        return py.session().then(async (session) => {
          await session.exec(`import contextlib, io\n${redirect}\nprint(repr(f.getvalue()))`)
          await session.close()
        })
      }, 1)
      expect(lines.map(({ text }) => text)).toEqual(["'hidden\\n'"])
    })

    it('of a module that is loaded at the start is heard, and so is a handler that it makes', async () => {
      const lines: OutputLine[] = []
      await using py = await start(place, {
        workers: 1,
        path: [new URL('../../python', import.meta.url).pathname],
        preload: ['talks'],
        output: (line) => lines.push(line),
      })
      await py.run('talks:log', ['later'])
      expect(lines.map(({ text }) => text)).toEqual(
        place.isolation === 'thread' ? expect.arrayContaining(['later']) : ['loading', 'later'],
      )
    })

    it('goes to a stream, a line at a time', async () => {
      const chunks: string[] = []
      const output = new Writable({
        decodeStrings: false,
        write: (chunk, _encoding, done) => {
          chunks.push(String(chunk))
          done()
        },
      })
      await using py = await start(place, { output })
      await py.run('builtins:print', ['a\nb'])
      expect(chunks).toEqual(['a\n', 'b\n'])
    })

    it('is told to nobody when it is ignored', async () => {
      await using py = await start(place, { output: 'ignore' })
      await py.run('builtins:print', ['nobody hears this'])
      expect(await py.eval('1')).toBe(1)
    })

    it('of a listener that throws is an error of the program, not of the call', async () => {
      const uncaught: unknown[] = []
      const before = process.listeners('uncaughtException')
      process.removeAllListeners('uncaughtException')
      process.on('uncaughtException', (error) => uncaught.push(error))
      try {
        const mine = new Error('mine')
        await using py = await start(place, {
          output: () => {
            throw mine
          },
        })
        await py.run('builtins:print', ['x'])
        await expect.poll(() => uncaught).toEqual([mine])
        expect(py.stats()).toMatchObject({ replaced: 0, errors: 0 })
      } finally {
        process.removeAllListeners('uncaughtException')
        for (const listener of before) process.on('uncaughtException', listener)
      }
    })
  })

  if (place.isolation === 'process') cLevelSuite(place)

  describe('a warning', () => {
    it('goes to the process by option', async () => {
      const warnings: (Error & { detail?: string })[] = []
      const listen = (warning: Error) => warnings.push(warning)
      process.on('warning', listen)
      try {
        await using py = await start(place, { workers: 1, warnings: 'emit' })
        await py.exec(
          'import warnings\nclass Mine(UserWarning): pass\nwarnings.warn("careful", Mine)',
        )
        await expect
          .poll(() => warnings)
          .toMatchObject([{ name: 'Mine', message: 'careful', code: 'PYTHREADS' }])
        expect(warnings[0]?.detail).toContain('<pythreads exec')
      } finally {
        process.off('warning', listen)
      }
    })
  })
}

/**
 * Only what belongs to one worker alone can be told apart: in-process, C code prints to the host's
 * own stdout.
 */
function cLevelSuite(place: Placement): void {
  describe('output', () => {
    it('of C code and child processes of a worker process is heard', async () => {
      const source =
        'import os, subprocess; os.write(1, b"from C\\n"); subprocess.run(["echo", "from a child"]); os.write(2, b"no end")'
      const lines: OutputLine[] = []
      const py = await start(place, { workers: 1, output: (line) => lines.push(line) })
      await py.exec(source)
      await py.close()
      await expect.poll(() => lines.length).toBe(3)
      expect(new Set(lines.map(({ stream, text, call }) => `${stream}: ${text} ${call}`))).toEqual(
        new Set(['stdout: from C null', 'stdout: from a child null', 'stderr: no end null']),
      )
    })
  })
}

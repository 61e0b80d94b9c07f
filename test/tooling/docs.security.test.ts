/**
 * The recipes of docs/security.md, each run as it is printed there: the pool works in it, and what
 * it promises to keep out is kept out. A recipe that this machine has no program or no right for is
 * named at the end of the run.
 */
import { once } from 'node:events'
import { chmodSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { Python, type PythonOptions } from '../../src/index.ts'
import { notPossible } from '../support/not-here.ts'
import { Places } from '../support/places.ts'
import { missingSandboxes, type Recipe, whyNoSandbox } from '../support/sandboxes.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())

const text = readFileSync(fileURLToPath(new URL('../../docs/security.md', import.meta.url)), 'utf8')
const recipes = new Map(
  [...text.matchAll(/^<!-- recipe (\w+) -->\n```\w+\n(.*?)^```$/gms)].map(
    ([, name = '', source = '']) => [name, source],
  ),
)

chmodSync(places.root, 0o755)
const secret = places.file('secret', 'secret')
chmodSync(secret, 0o600)
process.env['PYTHREADS_TEST_SECRET'] = 'secret'
afterAll(() => {
  delete process.env['PYTHREADS_TEST_SECRET']
})

/** A pool in the sandbox of a recipe. */
async function sandboxed(recipe: Recipe, options: PythonOptions = {}) {
  const why = whyNoSandbox(recipe)
  if (why !== undefined) return notPossible(why)
  const source = recipes.get(recipe) ?? ''
  const file = places.file(recipe === 'seccomp' ? 'no_programs.py' : `${recipe}-python`, source)
  chmodSync(file, 0o755)
  const how =
    recipe === 'seccomp' ? { preload: [file] } : { python: file, isolation: 'auto' as const }
  return Python.start({ isolation: 'process', workers: 2, ...how, ...options })
}

/** What becomes of a statement: nothing, or the class of its error. */
const ATTEMPT = `
def attempt(source):
    try:
        exec(source, {})
    except BaseException as error:
        return type(error).__name__
    return None
`
const outcomes = async (py: Python, sources: readonly string[]) => {
  const { attempt } = await py.module<{ attempt(source: string): string | null }>(
    ATTEMPT,
    'attempts',
  )
  return Promise.all(sources.map((source) => attempt(source)))
}

const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
await once(server, 'listening')
afterAll(() => server.close())
const CONNECT = `import socket; socket.create_connection(("127.0.0.1", ${(server.address() as AddressInfo).port}), 5)`
const SUBPROCESS = 'import subprocess; subprocess.run(["/usr/bin/true"], check=True)'
const READ_SECRET = `open(${JSON.stringify(secret)}).read()`
const READ_HOST = `open("/proc/${process.pid}/mem", "rb")`
const SIGNAL_HOST = `import os; os.kill(${process.pid}, 0)`
const RIGHTS = 'import os; os.setuid(0)'
const WRITE = 'open("/usr/written", "w")'

describe.each<Recipe>(['bwrap', 'user', 'network', 'seccomp'])('in the sandbox %s', (recipe) => {
  it('a pool does all that it does without', async () => {
    const py = await sandboxed(recipe)
    const numbers = new Float64Array(200_000).fill(1)
    const shared = py.alloc(Float64Array, 100_000).fill(2)
    expect(await Promise.all([py.eval`sum(${numbers})`, py.eval`sum(${shared})`])).toEqual([
      200_000, 200_000,
    ])
    expect(await py.eval<Uint8Array>`b'7' * 3_000_000`).toHaveLength(3_000_000)
    expect(await py.eval`__import__('array').array('d', [1.5]) * 200_000`).toEqual(
      new Float64Array(200_000).fill(1.5),
    )
    expect(await py.eval`${(number: number) => number * 2}(21)`).toBe(42)
    expect(py.sync.eval`sum(range(4))`).toBe(6)
    await py.run('operator:setitem', [shared, 0, 5])
    // it was copied where neither may open the memory of the other
    expect(shared[0]).toBe(recipe === 'bwrap' || recipe === 'user' ? 2 : 5)
    const endless = py.run('builtins:sum', [await py.eval`range(10 ** 12)`], { timeoutMs: 100 })
    await expect(endless).rejects.toMatchObject({ code: 'ERR_PYTHREADS_TIMEOUT' })
    await expect(py.run('os:_exit', [3])).rejects.toMatchObject({
      code: 'ERR_PYTHREADS_WORKER_DIED',
    })
    expect(await py.run('math:sqrt', [16])).toBe(4)
    await py.close()
  })
})

describe('is kept out', () => {
  it('by bwrap: files, other processes, the network, variables and rights', async () => {
    const py = await sandboxed('bwrap', { env: {} })
    expect(py.stats().isolation).toBe('process')
    expect(
      await outcomes(py, [CONNECT, READ_SECRET, READ_HOST, SIGNAL_HOST, RIGHTS, WRITE]),
    ).toEqual([
      'ConnectionRefusedError', // by a machine that has nothing but itself
      'FileNotFoundError',
      expect.stringMatching(/FileNotFoundError|PermissionError/),
      'ProcessLookupError',
      'OSError', // there is no such user
      'OSError',
    ])
    expect(await py.eval`__import__('os').environ.get('PYTHREADS_TEST_SECRET')`).toBeNull()
    expect(await py.eval`__import__('os').getuid()`).toBe(65_534)
    expect(
      await py.eval<
        string[]
      >`__import__('os').listdir('/sys/class/net') if __import__('os').path.exists('/sys') else []`,
    ).toEqual([])
    await py.close()
  })

  it('by another user: files and memory of this one, signals to it and its rights', async () => {
    const py = await sandboxed('user')
    expect(await outcomes(py, [READ_SECRET, READ_HOST, SIGNAL_HOST, RIGHTS, WRITE])).toEqual(
      Array(5).fill('PermissionError'),
    )
    expect(await py.eval`__import__('os').getresuid()`).toEqual([65_534, 65_534, 65_534])
    await py.close()
  })

  it('by a machine without a network: its own addresses, too', async () => {
    const py = await sandboxed('network')
    expect(await outcomes(py, [CONNECT])).toEqual(['OSError'])
    await py.close()
  })

  it('by a filter of system calls: programs and sockets', async () => {
    const py = await sandboxed('seccomp')
    const REACH = `import ctypes; c = ctypes.CDLL(None, use_errno=True); assert c.ptrace(16, ${process.pid}, 0, 0) == 0`
    expect(await outcomes(py, [SUBPROCESS, CONNECT, REACH])).toEqual([
      'PermissionError',
      'PermissionError',
      'AssertionError',
    ])
    await py.close()
  })

  it('by nothing, where there is no sandbox: that is what the page says', async () => {
    const py = await Python.start({ isolation: 'process', workers: 1 })
    expect(await outcomes(py, [READ_SECRET, SUBPROCESS, SIGNAL_HOST, CONNECT])).toEqual([
      null,
      null,
      null,
      null,
    ])
    await py.close()
  })
})

it('every recipe of the page is one that is run here', () => {
  expect([...recipes.keys()].sort()).toEqual(['bwrap', 'network', 'seccomp', 'user'])
  expect(missingSandboxes()).toEqual([...new Set(missingSandboxes())])
})

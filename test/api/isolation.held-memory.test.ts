/**
 * What counts against `limits.memoryMb`: all memory that a worker holds, wherever it is, and none
 * of it twice.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { afterEach, expect, it } from 'vitest'
import { HeldMemory } from '../../src/platform/index.ts'
import { placement } from '../support/placement.ts'

const { python } = placement('process')
const MB = 50
const MOST_OF_PYTHON = 40
const BEGIN = `
import ctypes, mmap, os, subprocess, sys, tempfile, threading, time
chunk = b"x" * (1 << 20)
sample = os.memfd_create("sample")
def fill(fd):
    for _ in range(${MB}): os.write(fd, chunk)
    return fd
def done():
    print(sample, flush=True)
    sys.stdin.read()
`
const ended: (() => void)[] = []

afterEach(() => {
  for (const end of ended.splice(0)) end()
})

/**
 * Looks at a process that has run this source: what it holds for a limit. When its stdin ends, it
 * goes on.
 */
async function holder(
  source: string,
): Promise<{ look: (limitMb: number) => number; goOn: () => Promise<unknown> }> {
  const child = spawn(python, ['-c', `${BEGIN}\n${source}\n`], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  })
  const [fd] = (await once(child.stdout, 'data')) as [Buffer]
  const pid = child.pid ?? -1
  const sample = openSync(`/proc/${pid}/fd/${Number(fd)}`, 'r')
  const gone = once(child, 'exit')
  ended.push(() => {
    closeSync(sample)
    if (child.exitCode === null) process.kill(-pid, 'SIGKILL') // its children, too
  })
  const held = new HeldMemory()
  const goOn = () => {
    child.stdin.end()
    return gone
  }
  return { look: (limitMb) => held.look(pid, limitMb, sample), goOn }
}

const SEGMENT = `
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
at = lambda: libc.shmat(segment, None, 0)
segment = libc.shmget(0, ${MB} << 20, 0o600)
memory = at()
ctypes.memset(memory, 1, ${MB} << 20)
`

it.each([
  ['private memory', `kept = chunk * ${MB}\ndone()`],
  [
    'a mapped file of memfd_create',
    `fd = fill(os.memfd_create("x")); m = mmap.mmap(fd, 0); m.find(b"y")\ndone()`,
  ],
  ['a file of memfd_create that is not mapped', 'fd = fill(os.memfd_create("x"))\ndone()'],
  [
    'several descriptors of one file',
    'fd = fill(os.memfd_create("x")); fds = [os.dup(fd) for _ in range(9)]\ndone()',
  ],
  [
    'a file of /dev/shm that has no name',
    'f = tempfile.TemporaryFile(dir="/dev/shm"); fill(f.fileno())\ndone()',
  ],
  [
    'an anonymous mapping that is shared',
    `m = mmap.mmap(-1, ${MB} << 20); m.write(chunk * ${MB})\ndel chunk\ndone()`,
  ],
])('a worker that holds %s holds so much, and no more', async (_, source) => {
  const { look } = await holder(source)
  const held = look(1_000)
  expect(held).toBeGreaterThanOrEqual(MB)
  expect(held).toBeLessThan(2 * MB + MOST_OF_PYTHON)
  if (!source.includes('*')) expect(held).toBeLessThan(MB + MOST_OF_PYTHON)
})

it('a segment of System V counts for the worker that made it, attached or not', async () => {
  const { look, goOn } = await holder(`${SEGMENT}
libc.shmdt(ctypes.c_void_p(memory))
done()
libc.shmctl(segment, 0, None)`)
  const held = look(1_000)
  await goOn()
  expect(held).toBeGreaterThanOrEqual(MB)
})

it('what the processes hold that a worker started counts, once it is too much twice in a row', async () => {
  const child = `[sys.executable, "-c", "import sys; kept = b'x' * (${MB} << 20); print(1, flush=True); sys.stdin.read()"]`
  const pipes = 'stdin=subprocess.PIPE, stdout=subprocess.PIPE'
  const { look } = await holder(`
children = [subprocess.Popen(${child}, ${pipes}) for _ in range(2)]
for child in children: child.stdout.readline()
done()`)
  expect(look(MB)).toBeLessThan(MB)
  expect(look(MB)).toBeGreaterThanOrEqual(2 * MB)
  expect(look(1_000)).toBeLessThan(MB) // is not near the limit: nobody needs to know exactly
  expect(look(MB)).toBeLessThan(MB)
})

it('what a grandchild has in a file of memfd_create counts', async () => {
  const grandchild = `import os, sys
fd = os.memfd_create('x')
for _ in range(${MB}): os.write(fd, b'x' * (1 << 20))
print(1, flush=True); sys.stdin.read()`
  const { look } = await holder(`
script = ${JSON.stringify(grandchild)}
middle = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"
child = subprocess.Popen([sys.executable, "-c", middle, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
done()`)
  expect(look(1_000)).toBeGreaterThanOrEqual(MB)
})

it.each([
  // A child of vfork has its parent's memory until it runs a program: this one waits for a pipe to
  // be opened before.
  [
    'starts a program',
    `
pipe = os.path.join(tempfile.mkdtemp(), "pipe")
os.mkfifo(pipe)
actions = ctypes.create_string_buffer(1024)
libc = ctypes.CDLL(None)
libc.posix_spawn_file_actions_init(actions)
libc.posix_spawn_file_actions_addopen(actions, 9, pipe.encode(), os.O_RDONLY, 0)
nothing = (ctypes.c_char_p * 1)()
spawn = lambda: libc.posix_spawn(ctypes.byref(ctypes.c_int()), b"/bin/true", actions, None, nothing, nothing)
threading.Thread(target=spawn, daemon=True).start()
while not open(f"/proc/self/task/{threading.enumerate()[-1].native_id}/children").read(): time.sleep(0.01)
os.unlink(pipe); os.rmdir(os.path.dirname(pipe))`,
  ],
  [
    'was forked',
    `
if os.fork() == 0:
    time.sleep(1000)`,
  ],
])('memory that a child shares with the worker counts once: a child that %s', async (_, source) => {
  const { look } = await holder(`kept = chunk * ${MB}\n${source}\ndone()`)
  for (let i = 0; i < 3; i++) expect(look(MB + MOST_OF_PYTHON)).toBeLessThan(MB + MOST_OF_PYTHON)
})

it('a process that is gone holds nothing', () => {
  expect(new HeldMemory().look(2 ** 22 + 1, 100, undefined)).toBe(0)
})

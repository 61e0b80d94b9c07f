/**
 * Channels of a worker for sync calls that another thread reads and writes, as this thread cannot
 * while it waits. The worker is a Node here, which sends back what it gets.
 */
import { describe, expect, it } from 'vitest'
import { startRelayed } from '../../src/isolation/sync-relay.ts'
import { MAIN, SIDE, type SyncSockets } from '../../src/isolation/sync-sockets.ts'

const MB = 2 ** 20
const STDIO = ['ignore', 'ignore', 'inherit', 'pipe', 'pipe', 'pipe']
const ECHO = `
const { Socket } = require('node:net')
const [main, reads, writes] = [3, 4, 5].map((fd) => new Socket({ fd }))
main.on('data', (chunk) => main.write(chunk))
reads.on('data', (chunk) => writes.write(chunk))
main.on('close', () => process.exit())
`

function start(program: string, file = process.execPath, timeoutMs = 120_000) {
  const command = {
    file,
    args: ['-e', program],
    options: { stdio: STDIO, env: {}, windowsHide: true },
    pipes: [
      [3, 3],
      [5, 4],
    ] as const,
  }
  return startRelayed(command, timeoutMs)
}

/** Reads from a channel, without the event loop, until it has a number of bytes or ends. */
function read(sockets: SyncSockets, which: typeof MAIN | typeof SIDE, bytes: number): Buffer {
  const chunks: Buffer[] = []
  for (let left = bytes; left > 0; ) {
    sockets.wait(1_000)
    const chunk = sockets.receive(which)
    if (chunk === undefined) continue
    if (chunk.length === 0) break
    chunks.push(chunk)
    left -= chunk.length
  }
  return Buffer.concat(chunks)
}

/** Writes all bytes, without the event loop; counts how often the channel took none. */
function write(sockets: SyncSockets, which: typeof MAIN | typeof SIDE, bytes: Buffer): number {
  let refused = 0
  for (let sent = 0; sent < bytes.length; ) {
    const taken = sockets.write(which, bytes, sent)
    if (taken === undefined) throw new Error('the channel is closed')
    if (taken >= 0) {
      sent += taken
    } else {
      refused++
      sockets.waitForRoom(which, 0)
    }
  }
  return refused
}

async function close(sockets: SyncSockets): Promise<void> {
  for (const socket of sockets.sockets) socket.destroy()
}

describe('channels that another thread passes on', () => {
  it('are read and written while this thread waits', async () => {
    const { sockets, pid } = start(ECHO)
    expect(pid).toBeGreaterThan(0)
    expect(sockets.wait(0)).toBe(false)
    write(sockets, MAIN, Buffer.from('to main'))
    expect(String(read(sockets, MAIN, 7))).toBe('to main')
    write(sockets, SIDE, Buffer.from('aside'))
    expect(String(read(sockets, SIDE, 5))).toBe('aside')
    expect([sockets.receive(MAIN), sockets.receive(SIDE)]).toEqual([undefined, undefined])
    await close(sockets)
  })

  it('take a large frame in pieces, and refuse what a worker does not read', async () => {
    const { sockets, end } = start(`setInterval(() => {}, 1e6)`)
    const chunk = Buffer.alloc(MB)
    let taken: number | undefined
    do taken = sockets.write(SIDE, chunk, 0)
    while (taken === MB)
    expect(taken).toBe(-1)
    end()
    await close(sockets)
  })

  it('pass on many megabytes whole, in both directions', async () => {
    const { sockets } = start(`
      const { Socket } = require('node:net')
      const main = new Socket({ fd: 3 })
      const got = []
      let bytes = 0
      main.on('data', (chunk) => {
        got.push(chunk)
        bytes += chunk.length
        if (bytes === ${40 * MB}) main.write(Buffer.concat(got))
      })
      main.on('close', () => process.exit())`)
    const sent = Buffer.alloc(40 * MB, 'pythreads')
    write(sockets, MAIN, sent)
    expect(read(sockets, MAIN, sent.length).equals(sent)).toBe(true)
    await close(sockets)
  })

  it('emit what comes on the side channel while this thread runs its event loop', async () => {
    const { sockets } = start(ECHO)
    const side = sockets.sockets[SIDE]
    const got = new Promise<string>((resolve) => {
      side.on('data', (chunk: Buffer) => resolve(String(chunk)))
    })
    sockets.write(SIDE, Buffer.from('later'), 0)
    expect(await keptAlive(got)).toBe('later')
    await close(sockets)
  })

  it('hold what comes on a paused side channel', async () => {
    const { sockets } = start(ECHO)
    const side = sockets.sockets[SIDE]
    let got = ''
    side.on('data', (chunk: Buffer) => {
      got += String(chunk)
    })
    side.pause()
    sockets.write(SIDE, Buffer.from('held'), 0)
    while (!sockets.wait(1_000)) {}
    await new Promise((resolve) => setImmediate(resolve))
    expect([side.isPaused(), got]).toEqual([true, ''])
    side.resume()
    expect(got).toBe('held')
    await close(sockets)
  })

  it('end when the worker ends, for a thread that waits', () => {
    const { sockets } = start(`require('node:fs').writeSync(3, 'last'); process.exit(1)`)
    expect(String(read(sockets, MAIN, MB))).toBe('last')
    expect(sockets.receive(MAIN)).toHaveLength(0)
    expect(sockets.write(MAIN, Buffer.alloc(1), 0)).toBeUndefined()
  })

  it('close when the worker ends, for a thread that runs its event loop', async () => {
    const { sockets, end } = start(ECHO)
    const closed = Promise.all(sockets.sockets.map((socket) => event(socket)))
    end()
    await keptAlive(closed)
    expect(sockets.sockets.map(({ destroyed }) => destroyed)).toEqual([true, true])
  })

  it('cannot be opened to a program that is not there', () => {
    expect(() => start('', '/nowhere/python')).toThrow(
      expect.objectContaining({ code: 'ERR_PYTHREADS_WORKER_START' }),
    )
  })

  it('are given up when the worker is not started in time', () => {
    expect(() => start(ECHO, process.execPath, 0)).toThrow(
      expect.objectContaining({ code: 'ERR_PYTHREADS_WORKER_START' }),
    )
  })
})

function event(socket: SyncSockets['sockets'][number]): Promise<void> {
  return new Promise((resolve) => socket.once('close', resolve))
}

/** The channels keep no process alive. */
async function keptAlive<T>(promise: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, 1e6)
  try {
    return await promise
  } finally {
    clearInterval(timer)
  }
}

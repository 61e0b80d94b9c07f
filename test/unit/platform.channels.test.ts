/**
 * The channels of a worker process as Windows has them, on any system: a main pipe, and a side
 * channel of two pipes.
 */

import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { pairedPipes } from '../../src/platform/paired-pipes.ts'
import { workerChannels } from '../../src/platform/worker-channels.ts'

const open: (Server | Socket)[] = []
afterEach(() => {
  for (const one of open.splice(0)) 'destroy' in one ? one.destroy() : one.close()
})

/** Two connected sockets. */
async function pair(): Promise<[Socket, Socket]> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const ours = connect(port, '127.0.0.1')
  const [theirs] = (await once(server, 'connection')) as [Socket]
  open.push(server, ours, theirs)
  return [ours, theirs]
}

async function pipes() {
  const [reads, theirWrites] = await pair()
  const [writes, theirReads] = await pair()
  return { paired: pairedPipes(reads, writes), theirWrites, theirReads, reads, writes }
}

describe('the channels of a worker process', () => {
  it('are sockets, except on Windows', () => {
    expect(workerChannels('linux', undefined)).toMatchObject({ side: '4', next: 5, canBlock: true })
    expect(workerChannels('darwin', undefined)).toBe(workerChannels('linux', undefined))
    expect(workerChannels('win32', undefined)).toMatchObject({
      side: '(4, 5)',
      next: 6,
      canBlock: false,
      pipes: [
        [3, 3],
        [5, 4],
      ],
    })
  })

  it('can be forced to be those of Windows, for tests', () => {
    expect(workerChannels('linux', 'pipes')).toBe(workerChannels('win32', undefined))
  })

  it('are taken from the streams of the child', async () => {
    const { reads, writes } = await pipes()
    const main = (await pair())[0]
    const taken = workerChannels('win32').take([null, null, null, main, writes, reads])
    expect(taken.main).toBe(main)
    expect(taken.side).toBeInstanceOf(Duplex)
    const streams = [null, null, null, main, reads]
    expect(workerChannels('linux', undefined).take(streams)).toEqual({ main, side: reads })
  })
})

describe('two pipes as one stream', () => {
  it('reads from one and writes to the other', async () => {
    const { paired, theirWrites, theirReads } = await pipes()
    theirWrites.write('in')
    expect(String((await once(paired, 'data'))[0])).toBe('in')
    paired.write('out')
    expect(String((await once(theirReads, 'data'))[0])).toBe('out')
    paired.destroy()
  })

  it('reads nothing while it is paused, and all of it afterwards', async () => {
    const { paired, theirWrites } = await pipes()
    let bytes = 0
    const done = new Promise<void>((resolve) => {
      paired.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes === 2 ** 22) resolve()
      })
    })
    paired.pause()
    theirWrites.write(Buffer.alloc(2 ** 22))
    while (paired.readableLength === 0) await turn()
    expect(bytes).toBe(0)
    paired.resume()
    await done
    paired.destroy()
  })

  it.each(['reads', 'writes'] as const)('closes when the pipe that it %s closes', async (which) => {
    const { paired, theirWrites, theirReads, reads, writes } = await pipes()
    paired.resume()
    const closed = once(paired, 'close')
    const ended = which === 'reads' ? theirWrites : theirReads
    ended.destroy()
    await closed
    expect([reads.destroyed, writes.destroyed]).toEqual([true, true])
  })

  it('destroys both pipes', async () => {
    const { paired, reads, writes } = await pipes()
    paired.destroy()
    await once(paired, 'close')
    expect([reads.destroyed, writes.destroyed]).toEqual([true, true])
  })

  it('says how much waits to be written', async () => {
    const { paired, theirReads } = await pipes()
    theirReads.pause()
    while (paired.write(Buffer.alloc(2 ** 20))) {}
    expect(paired.writableLength).toBeGreaterThan(0)
    const drained = once(paired, 'drain')
    theirReads.resume()
    await drained
    paired.destroy()
  })
})

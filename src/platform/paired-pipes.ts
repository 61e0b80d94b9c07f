import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { builtin } from '../builtin.ts'

/** One stream of two pipes. */
export interface PairedPipes extends Duplex {
  ref(): this
  unref(): this
}

/**
 * Two pipes as one stream: what comes on `reads`, and what is written to `writes`. No class extends
 * `Duplex`, as an import of `node:stream` as a whole does not survive some bundlers.
 */
export function pairedPipes(reads: Socket, writes: Socket): PairedPipes {
  const pipes = [reads, writes]
  const stream = new (builtin('node:stream').Duplex)({
    allowHalfOpen: false,
    emitClose: true,
    read: () => void reads.resume(),
    write: (chunk: Buffer, _encoding, done) => void writes.write(chunk, done),
    final: (done) => void writes.end(done),
    destroy(error, done) {
      for (const pipe of pipes) pipe.destroy()
      done(error)
    },
  })
  const paired: PairedPipes = Object.assign(stream, {
    ref() {
      for (const pipe of pipes) pipe.ref()
      return paired
    },
    unref() {
      for (const pipe of pipes) pipe.unref()
      return paired
    },
  }) as PairedPipes
  reads.on('data', (chunk: Buffer) => {
    if (!paired.push(chunk)) reads.pause()
  })
  reads.pause()
  reads.once('end', () => paired.push(null))
  for (const pipe of pipes) {
    pipe.on('error', () => {}) // `close` follows
    pipe.once('close', () => paired.destroy())
  }
  writes.resume() // nothing comes here except its end
  return paired
}

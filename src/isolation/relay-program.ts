/**
 * The program of a thread that reads and writes the channels of one worker process, for a JavaScript
 * thread that waits for sync calls and cannot read them itself. The thread starts the worker, as
 * Node gives its end of a pipe to no other thread.
 *
 * It is a text, so that it needs no file beside a bundle. `sync-relay.ts` is the other side, and
 * says what the words are.
 */
export const RELAY_PROGRAM: string = `'use strict'
const { spawn } = require('node:child_process')
const { workerData } = require('node:worker_threads')
const { port, words, command, most, slowMs, unwritten, unread, pipes } = workerData

function tell(message, transfer) {
  port.postMessage(message, transfer)
  Atomics.add(words, 0, 1)
  Atomics.notify(words, 0)
}

function failed(error) {
  tell({ failed: { message: error.message, code: error.code, syscall: error.syscall } })
  port.close()
}

let child
try {
  child = spawn(command.file, command.args, { __proto__: null, ...command.options })
  child.on('error', (error) => { if (child.pid === undefined) failed(error) })
  for (const stream of child.stdio) stream?.on('error', () => {})
} catch (error) {
  failed(error)
}

if (child?.pid !== undefined) {
  tell({ pid: child.pid })
  // What the worker wrote before its end is read in the next turns of the event loop. Processes that
  // it started may hold its pipes open.
  const finish = (turns) => {
    if (turns > 0) return void setImmediate(finish, turns - 1)
    for (const which of [0, 1]) tell({ which, bytes: null })
    port.close()
  }
  child.once('exit', () => finish(3))
  const ends = pipes.map(([reads, writes]) => ({
    reads: child.stdio[reads],
    writes: child.stdio[writes],
  }))
  ends.forEach(({ reads }, which) => {
    reads.on('data', (chunk) => {
      const bytes = new Uint8Array(chunk)
      const waiting = Atomics.add(words, unread + which, bytes.length) + bytes.length
      // A flood is slowed down. A pipe that is paused would need a message to go on.
      if (waiting > most) Atomics.wait(words, unread + which, waiting, slowMs)
      tell({ which, bytes }, [bytes.buffer])
    })
    reads.once('close', () => tell({ which, bytes: null }))
  })
  port.on('message', ({ what, which, bytes }) => {
    if (what === 'kill') child.kill('SIGKILL')
    else if (what === 'close') {
      for (const { reads, writes } of ends) {
        reads.destroy()
        writes.destroy()
      }
    } else {
      ends[which].writes.write(bytes, () => {
        Atomics.sub(words, unwritten + which, bytes.length)
        Atomics.notify(words, unwritten + which)
      })
    }
  })
}
`

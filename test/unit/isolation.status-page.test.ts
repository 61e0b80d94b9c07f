/** A status page is the worker's too, which can make it shorter, and reading it can fail: then nothing that was sent counts as not begun. */
import { ftruncateSync, writeSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Ledger } from '../../src/isolation/ledger.ts'

const LAST = 0xffff_ffff

describe('a status page', () => {
  it.each([0, 3])('of which the worker has left %s bytes says that everything was begun', (bytes) => {
    const ledger = new Ledger()
    writeSync(ledger.fd, Buffer.alloc(64, 1), 0, 64, 0)
    expect(ledger.times.busyMs).toBeGreaterThan(0) // what was read before must not be taken for what is read now
    ftruncateSync(ledger.fd, bytes)
    expect([ledger.begun, ledger.reads, ledger.times]).toEqual([LAST, 0, { busyMs: 0, cpuMs: 0 }])
    expect(ledger.lastWords).toBe('')
    ledger.close()
  })

  it('that cannot be read or written says that everything was begun', () => {
    const ledger = new Ledger()
    ledger.close()
    expect([ledger.begun, ledger.reads, ledger.lastWords]).toEqual([LAST, 0, ''])
    expect(ledger.takeBack(1, 2)).toBe(false)
    expect(ledger.takeBackAll()).toBe(LAST)
    ledger.close()
  })
})

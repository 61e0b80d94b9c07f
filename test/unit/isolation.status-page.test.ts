/**
 * A status page is the worker's too, which can make it shorter, and reading it can fail: then
 * nothing that was sent counts as not begun.
 */
import { ftruncateSync, writeSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { StatusPage } from '../../src/isolation/status-page.ts'

const LAST = 0xffff_ffff

describe('a status page', () => {
  it.each([0, 3])('that the worker has cut to %s bytes says that everything was begun', (bytes) => {
    const statusPage = new StatusPage()
    writeSync(statusPage.fd, Buffer.alloc(64, 1), 0, 64, 0)
    // what was read before must not be taken for what is read now
    expect(statusPage.times.busyMs).toBeGreaterThan(0)
    ftruncateSync(statusPage.fd, bytes)
    expect([statusPage.begun, statusPage.reads, statusPage.times]).toEqual([
      LAST,
      0,
      { busyMs: 0, cpuMs: 0 },
    ])
    expect(statusPage.lastWords).toBe('')
    statusPage.close()
  })

  it('that cannot be read or written says that everything was begun', () => {
    const statusPage = new StatusPage()
    statusPage.close()
    expect([statusPage.begun, statusPage.reads, statusPage.lastWords]).toEqual([LAST, 0, ''])
    expect(statusPage.takeBack(1, 2)).toBe(false)
    expect(statusPage.takeBackAll()).toBe(LAST)
    statusPage.close()
  })
})

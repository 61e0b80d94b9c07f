/** What this process writes for a worker into the file that the worker shares can fail: the worker may have filled the file system. */
import { expect, it, vi } from 'vitest'
import { Ledger } from '../../src/isolation/ledger.ts'

let isFull = false

vi.mock('node:fs', async (load) => {
  const fs = await load<typeof import('node:fs')>()
  const writeSync = (...args: Parameters<typeof fs.writeSync>): number => {
    if (isFull) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
    return fs.writeSync(...args)
  }
  return { ...fs, writeSync }
})

it('requests of a worker whose file cannot be written count as begun', () => {
  const ledger = new Ledger()
  expect(ledger.takeBack(0, 5)).toBe(true)
  expect(ledger.takeBackAll()).toBe(0)
  isFull = true
  expect(ledger.takeBack(0, 5)).toBe(false)
  expect(ledger.takeBackAll()).toBe(0xffff_ffff)
  ledger.close()
})

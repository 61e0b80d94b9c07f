/**
 * What this process writes for a worker into the file that the worker shares can fail: the worker
 * may have filled the file system.
 */
import { expect, it, vi } from 'vitest'
import { StatusPage } from '../../src/isolation/status-page.ts'

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
  const statusPage = new StatusPage()
  expect(statusPage.takeBack(0, 5)).toBe(true)
  expect(statusPage.takeBackAll()).toBe(0)
  isFull = true
  expect(statusPage.takeBack(0, 5)).toBe(false)
  expect(statusPage.takeBackAll()).toBe(0xffff_ffff)
  statusPage.close()
})

/**
 * What this process writes for a worker into the file that the worker shares can fail: the worker
 * may have filled the file system.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { afterEach, expect, it, vi } from 'vitest'
import { StatusPage } from '../../src/isolation/status-page.ts'

afterEach(() => {
  vi.restoreAllMocks()
  syncBuiltinESMExports()
})

it('a status page that cannot be written counts all requests as begun', () => {
  const statusPage = new StatusPage()
  expect(statusPage.takeBack(0, 5)).toBe(true)
  expect(statusPage.takeBackAll()).toBe(0)
  vi.spyOn(fs, 'writeSync').mockImplementation(() => {
    throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
  })
  syncBuiltinESMExports() // what others have imported by name
  expect(statusPage.takeBack(0, 5)).toBe(false)
  expect(statusPage.takeBackAll()).toBe(0xffff_ffff)
  statusPage.close()
})

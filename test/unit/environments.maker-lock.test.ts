/**
 * Why: whoever holds the lock of an environment makes it. A holder that ended in whatever way must
 * not block the others, and one that is at work must not be disturbed.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { takeLock } from '../../src/environments/maker-lock.ts'
import { Places } from '../support/places.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())

let count = 0
const newPath = () => places.path(`${++count}.lock`)

function waiting(more: { isDone?: () => boolean; staleMs?: number } = {}) {
  const waited: number[] = []
  return { waited, onWait: (pid: number) => void waited.push(pid), isDone: () => false, ...more }
}

/** The number of a process that has ended. */
const endedPid = () => spawnSync(process.execPath, ['-e', '0']).pid

describe('the lock of a maker', () => {
  it('is a file that is gone when it is released', async () => {
    const path = newPath()
    const lock = await takeLock(path, waiting())
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: process.pid })
    lock?.release()
    expect(existsSync(path)).toBe(false)
  })

  it('is held by one at a time, and taken by each in turn', async () => {
    const path = newPath()
    let holders = 0
    let most = 0
    const use = async () => {
      const lock = await takeLock(path, waiting())
      most = Math.max(most, ++holders)
      await new Promise((resolve) => setImmediate(resolve))
      holders--
      lock?.release()
    }
    await Promise.all(Array.from({ length: 8 }, use))
    expect(most).toBe(1)
  })

  it('is not taken any more when its work is done', async () => {
    const path = newPath()
    const lock = await takeLock(path, waiting())
    let done = false
    const second = waiting({ isDone: () => done })
    const taken = takeLock(path, second)
    await expect.poll(() => second.waited).toEqual([process.pid])
    done = true
    expect(await taken).toBeUndefined()
    lock?.release()
  })

  it('is taken from a process that has ended', async () => {
    const path = newPath()
    writeFileSync(path, JSON.stringify({ pid: endedPid(), started: null, id: 'a' }))
    const first = waiting()
    const lock = await takeLock(path, first)
    expect(first.waited).toEqual([])
    lock?.release()
  })

  it.runIf(existsSync('/proc/self/stat'))(
    'is taken from a process whose number has another process now',
    async () => {
      const path = newPath()
      writeFileSync(path, JSON.stringify({ pid: process.pid, started: '1', id: 'a' }))
      const lock = await takeLock(path, waiting())
      expect(lock).toBeDefined()
      lock?.release()
    },
  )

  it.each([
    ['that nobody touches', JSON.stringify({ pid: process.pid, started: null, id: 'a' })],
    ['that is empty', ''],
  ])('is broken in time when it is a file %s', async (_, text) => {
    const path = newPath()
    writeFileSync(path, text)
    const lock = await takeLock(path, waiting({ staleMs: 200 }))
    expect(lock).toBeDefined()
    lock?.release()
  })

  it('of another holder is left alone when it is released late', async () => {
    const path = newPath()
    const lock = await takeLock(path, waiting())
    writeFileSync(path, 'of another holder')
    lock?.release()
    expect(readFileSync(path, 'utf8')).toBe('of another holder')
  })
})

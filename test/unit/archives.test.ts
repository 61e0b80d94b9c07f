import { afterEach, describe, expect, it } from 'vitest'
import { outsideArchive } from '../../src/archives.ts'
import { modulePath, resolveTarget } from '../../src/options/targets.ts'

const versions = process.versions as Record<string, string | undefined>
const inElectron = () =>
  Object.defineProperty(versions, 'electron', { value: '45.5.0', configurable: true })
afterEach(() => void Reflect.deleteProperty(versions, 'electron'))

describe('paths of files for Python', () => {
  it.each([
    ['/opt/app/resources/app.asar/kernel', '/opt/app/resources/app.asar.unpacked/kernel'],
    ['C:\\app\\app.asar\\a.py', 'C:\\app\\app.asar.unpacked\\a.py'],
    ['/opt/app.asar.unpacked/kernel', '/opt/app.asar.unpacked/kernel'],
    ['/opt/app.asarx/kernel', '/opt/app.asarx/kernel'],
    ['/opt/app.asar', '/opt/app.asar'],
    ['/srv/app/kernel', '/srv/app/kernel'],
  ])('%s is %s in Electron', (given, path) => {
    inElectron()
    expect(outsideArchive(given)).toBe(path)
  })

  it('stay as they are in Node', () => {
    expect(outsideArchive('/opt/app.asar/kernel')).toBe('/opt/app.asar/kernel')
  })

  it('are replaced in modules and targets, by path and by URL', () => {
    inElectron()
    const url = 'file:///opt/app.asar/rules.py'
    expect([modulePath('/opt/app.asar/rules.py'), modulePath(new URL(url))]).toEqual([
      '/opt/app.asar.unpacked/rules.py',
      '/opt/app.asar.unpacked/rules.py',
    ])
    expect([resolveTarget(`${url}#score`), modulePath('app.asar')]).toEqual([
      '/opt/app.asar.unpacked/rules.py:score',
      'app.asar',
    ])
  })
})

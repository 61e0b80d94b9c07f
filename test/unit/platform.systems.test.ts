/**
 * What differs between systems, with the system named: nobody runs these tests on all of them.
 */

import { closeSync, fstatSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { resolvePythonOptions } from '../../src/options/index.ts'
import { describeEnd, leavesZombies } from '../../src/platform/child-ends.ts'
import { namelessFiles } from '../../src/platform/nameless-file.ts'
import { isPrivateGroup } from '../../src/platform/private-groups.ts'
import {
  frameworkFolder,
  hasLauncher,
  howToInstall,
  isOwnStarter,
  programFile,
  pythonCommand,
  pythonIn,
  sitePackages,
  systemFolders,
  userSitePackages,
} from '../../src/platform/python-files.ts'
import { cacheFolder, managerFolders } from '../../src/platform/user-folders.ts'
import { hasVariable, ownVariables } from '../../src/platform/variables.ts'

const PYTHON = { version: [3, 13, 2], freeThreaded: false }
const FREE = { version: [3, 14, 0], freeThreaded: true }

describe('environment variables', () => {
  it('are looked up in capitals on Windows, and as they are elsewhere', () => {
    const env = { Path: 'a', Omp_Num_Threads: '2' }
    expect({ ...ownVariables(env, 'win32') }).toEqual({ PATH: 'a', OMP_NUM_THREADS: '2' })
    expect({ ...ownVariables(env, 'linux') }).toEqual(env)
    expect(hasVariable(env, 'OMP_NUM_THREADS', 'win32')).toBe(true)
    expect(hasVariable(env, 'OMP_NUM_THREADS', 'darwin')).toBe(false)
  })

  it('inherit nothing', () => {
    expect(ownVariables({}, 'win32')['toString']).toBeUndefined()
    expect(hasVariable({}, 'TOSTRING', 'win32')).toBe(false)
  })
})

describe("a user's folders", () => {
  it.each([
    ['linux', {}, '/home/me', '/home/me/.cache'],
    ['linux', { XDG_CACHE_HOME: '/c' }, '/home/me', '/c'],
    ['linux', { XDG_CACHE_HOME: '' }, '/home/me', '/home/me/.cache'],
    ['darwin', { XDG_CACHE_HOME: '/c' }, '/Users/me', '/Users/me/Library/Caches'],
    ['win32', { LOCALAPPDATA: 'D:\\Local' }, 'C:\\Users\\me', 'D:\\Local'],
    ['win32', {}, 'C:\\Users\\me', 'C:\\Users\\me\\AppData\\Local'],
  ] as const)('on %s with %j: the cache', (system, env, home, folder) => {
    expect(cacheFolder(env, system, home)).toBe(folder)
  })

  it('name where pyenv, uv and mise keep Pythons on Windows', () => {
    const home = 'C:\\Users\\me'
    const env = { APPDATA: 'C:\\R', LOCALAPPDATA: 'C:\\L' }
    expect(Object.fromEntries(managerFolders(env, 'win32', home))).toEqual({
      pyenv: 'C:\\Users\\me\\.pyenv\\pyenv-win\\versions',
      uv: 'C:\\R\\uv\\data\\python',
      mise: 'C:\\L\\mise\\installs\\python',
      'python.org': 'C:\\L\\Programs\\Python',
    })
    const set = { ...env, PYENV: 'C:\\pyenv', UV_PYTHON_INSTALL_DIR: 'C:\\uv' }
    const folders = Object.fromEntries(managerFolders(set, 'win32', home))
    expect([folders['pyenv'], folders['uv']]).toEqual(['C:\\pyenv\\versions', 'C:\\uv'])
  })

  it.each(['linux', 'darwin'] as const)('name where pyenv and uv keep Pythons on %s', (system) => {
    const folders = Object.fromEntries(managerFolders({}, system, '/me'))
    expect(folders).toEqual({
      pyenv: '/me/.pyenv/versions',
      uv: '/me/.local/share/uv/python',
      mise: '/me/.local/share/mise/installs/python',
      asdf: '/me/.asdf/installs/python',
    })
  })
})

describe("a Python's files", () => {
  it('are those of an environment or of an installation on Windows', () => {
    const environment = 'C:\\project\\.venv\\Scripts\\python.exe'
    expect(pythonIn('C:\\project\\.venv', 'win32', (path) => path === environment)).toBe(
      environment,
    )
    expect(pythonIn('C:\\Python313', 'win32', () => false)).toBe('C:\\Python313\\python.exe')
  })

  it('prefer the name with a version elsewhere', () => {
    expect(pythonIn('/v', 'darwin', () => true)).toBe('/v/bin/python3')
    expect(pythonIn('/v', 'linux', () => false)).toBe('/v/bin/python')
  })

  it('have modules in a folder of the version, except on Windows', () => {
    expect(sitePackages('/v', PYTHON, 'linux')).toBe('/v/lib/python3.13/site-packages')
    expect(sitePackages('/v', FREE, 'darwin')).toBe('/v/lib/python3.14t/site-packages')
    expect(sitePackages('C:\\v', FREE, 'win32')).toBe('C:\\v\\Lib\\site-packages')
  })

  it("have the user's modules where each system keeps them", () => {
    const user = (system: NodeJS.Platform, env = {}, isFramework = false) =>
      userSitePackages(env, PYTHON, isFramework, system, system === 'win32' ? 'C:\\me' : '/me')
    expect(user('linux')).toBe('/me/.local/lib/python3.13/site-packages')
    expect(user('linux', { PYTHONUSERBASE: '/u' })).toBe('/u/lib/python3.13/site-packages')
    expect(user('darwin')).toBe('/me/.local/lib/python3.13/site-packages')
    expect(user('darwin', {}, true)).toBe('/me/Library/Python/3.13/lib/python/site-packages')
    expect(user('win32')).toBe('C:\\me\\AppData\\Roaming\\Python\\Python313\\site-packages')
    expect(user('win32', { PYTHONUSERBASE: 'D:\\u' })).toBe('D:\\u\\Python313\\site-packages')
  })

  it('are run by the name that a person types', () => {
    expect([programFile('python', 'win32'), programFile('python', 'darwin')]).toEqual([
      'python.exe',
      'python',
    ])
    expect(pythonCommand('3.12', 'win32')).toBe('py -3.12')
    expect(pythonCommand(undefined, 'linux')).toBe('python3')
  })

  it('are looked for where the system installs them', () => {
    expect(systemFolders('win32')).toEqual([])
    expect(systemFolders('darwin')).toContain('/opt/homebrew/bin')
    expect([frameworkFolder('darwin'), frameworkFolder('linux')]).toEqual([
      '/Library/Frameworks/Python.framework/Versions',
      undefined,
    ])
    expect([hasLauncher('win32'), hasLauncher('darwin')]).toEqual([true, false])
    expect(howToInstall('win32')).toContain('winget')
    expect(howToInstall('freebsd')).toBe(howToInstall('linux'))
  })

  it('may be started by another file of the same Python on macOS and Windows', () => {
    expect((['linux', 'darwin', 'win32'] as const).map((system) => isOwnStarter(system))).toEqual([
      true,
      false,
      false,
    ])
  })
})

describe('the end of a child', () => {
  it.each([
    [3, null, 'linux', 'it ended with status 3'],
    [null, 'SIGSEGV', 'darwin', 'it was ended by SIGSEGV'],
    [null, 'SIGKILL', 'win32', 'it was ended by SIGKILL'],
    [1, null, 'win32', 'it ended with status 1'],
    [0xc0000005, null, 'win32', 'it ended with status 0xC0000005 (access violation)'],
    [0xc0000005 | 0, null, 'win32', 'it ended with status 0xC0000005 (access violation)'],
    [0xc00000fd, null, 'win32', 'it ended with status 0xC00000FD (stack overflow)'],
    [0xe0000001, null, 'win32', 'it ended with status 0xE0000001'],
  ] as const)(
    'with status %s and signal %s on %s is told in words',
    (status, signal, system, text) => {
      expect(describeEnd(status, signal, system)).toBe(text)
    },
  )

  it('leaves a zombie, except on Windows', () => {
    expect([leavesZombies('linux'), leavesZombies('win32')]).toEqual([true, false])
  })
})

describe('bounds of a worker process', () => {
  const platform = process.platform
  afterEach(() => Object.defineProperty(process, 'platform', { value: platform }))

  it.each([
    { limits: { memoryMb: 100 } },
    { limits: { cpuSeconds: 1 } },
    { limits: { openFiles: 10 } },
    { recycle: { memoryMb: 100 } },
  ])('that Windows cannot keep are refused there: %j', (options) => {
    expect(() => resolvePythonOptions(options)).not.toThrow()
    Object.defineProperty(process, 'platform', { value: 'win32' })
    expect(() => resolvePythonOptions(options)).toThrow(
      expect.objectContaining({ code: 'ERR_PYTHREADS_OPTION' }),
    )
  })

  it('that pythreads keeps itself are possible on Windows', () => {
    Object.defineProperty(process, 'platform', { value: 'win32' })
    const { recycle, limits } = resolvePythonOptions({ recycle: { calls: 5 }, limits: {} })
    expect([recycle.calls, limits.memoryMb]).toEqual([5, null])
  })
})

describe('groups', () => {
  it('of administrators are private on macOS, and no other is', () => {
    expect([0, 80, 20, 501].map((group) => isPrivateGroup(group, 'darwin'))).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect(isPrivateGroup(80, 'freebsd')).toBe(false)
  })
})

describe('a nameless file', () => {
  it('has no name on Linux, from its beginning', () => {
    const opened: string[] = []
    const [first] = namelessFiles('linux', (path) => opened.push(path))
    first?.()
    expect(opened).toEqual(['/dev/shm'])
  })

  it('has a name that is gone at once on macOS', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pythreads-nameless-'))
    const before = process.env['TMPDIR']
    process.env['TMPDIR'] = folder
    try {
      const [first, ...others] = namelessFiles('darwin')
      const fd = first?.() as number
      expect([fstatSync(fd).isFile(), readdirSync(folder), others]).toEqual([true, [], []])
      closeSync(fd)
    } finally {
      if (before === undefined) delete process.env['TMPDIR']
      else process.env['TMPDIR'] = before
      rmSync(folder, { recursive: true })
    }
  })

  it('is deleted by the system with its last handle on Windows', () => {
    const flags: number[] = []
    const [first, ...others] = namelessFiles('win32', (_path, flag) => flags.push(flag))
    first?.()
    expect(others).toEqual([])
    expect((flags[0] as number) & 0x1000).toBe(0x1000)
  })
})

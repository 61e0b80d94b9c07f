/**
 * What earlier processes learned is read and written only where no other user can change it: it
 * names the library that Node loads. Whatever a user plants in a folder that others share, no file
 * outside is touched, and nothing that they wrote is believed.
 */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { PythonFacts } from '../../src/discovery/index.ts'
import { readOwn, UntrustedError, writeOwn } from '../../src/discovery/own-files.ts'
import { recall, remember, whyNotRecalled } from '../../src/discovery/remembered.ts'
import { runCli } from '../support/child.ts'
import { notPossible } from '../support/not-here.ts'
import { Places } from '../support/places.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())

const OTHER = 65_534
let count = 0
const next = () => `case-${count++}`
const asRoot = () =>
  void (
    process.getuid?.() === 0 ||
    notPossible('right to give files to other users (run the tests as root)')
  )
const give = (path: string) => lchownSync(path, OTHER, OTHER)
const left = (folder: string) => readdirSync(folder)

/** A folder that may be used, with the file `it.json`. */
function kept() {
  const folder = join(places.folder(next()), 'cache')
  writeOwn(folder, 'it.json', 'text')
  return { folder, file: join(folder, 'it.json') }
}

describe('a file in a folder of this user', () => {
  it('is written for this user alone, and read again', () => {
    const { folder, file } = kept()
    expect([readOwn(folder, 'it.json'), left(folder)]).toEqual(['text', ['it.json']])
    // others may look into the folder, and not write there
    expect([statSync(file).mode & 0o777, statSync(folder).mode & 0o022]).toEqual([0o600, 0])
  })

  it('takes the place of what is there, and not of what a link there leads to', () => {
    const { folder } = kept()
    const precious = places.file(next(), 'precious')
    symlinkSync(precious, join(folder, 'link.json'))
    writeOwn(folder, 'link.json', 'text')
    expect([readFileSync(precious, 'utf8'), readOwn(folder, 'link.json')]).toEqual([
      'precious',
      'text',
    ])
  })

  it.each(['there is a folder in its place', 'its text is refused'])(
    'leaves nothing behind when %s',
    (what) => {
      const { folder } = kept()
      if (what.includes('folder'))
        mkdirSync(join(folder, 'other.json', 'full'), { recursive: true })
      const text = what.includes('folder')
        ? 'text'
        : (Symbol('as a disk that is full') as unknown as string)
      expect(() => writeOwn(folder, 'other.json', text)).toThrow()
      expect(left(folder).filter((name) => name.startsWith('.'))).toEqual([])
    },
  )

  it.each([0o602, 0o620])('is not read when its mode is %o', (mode) => {
    asRoot()
    const { folder, file } = kept()
    chownSync(file, -1, 1)
    chmodSync(file, mode) // the group is one that others are in
    expect(() => readOwn(folder, 'it.json')).toThrow(UntrustedError)
  })

  it('is not read through a link', () => {
    const { folder, file } = kept()
    symlinkSync(file, join(folder, 'link.json'))
    expect(() => readOwn(folder, 'link.json')).toThrow(UntrustedError)
  })

  it('is neither waited for nor read when it is a pipe', () => {
    const { folder } = kept()
    execFileSync('mkfifo', [join(folder, 'pipe.json')])
    expect(() => readOwn(folder, 'pipe.json')).toThrow(UntrustedError)
  })

  it('is not read when it is large', () => {
    const { folder, file } = kept()
    writeFileSync(file, 'x'.repeat(2 ** 17))
    expect(() => readOwn(folder, 'it.json')).toThrow(UntrustedError)
  })
})

describe('a folder is used for no file', () => {
  const refused = (folder: string) => {
    const before = existsSync(folder) ? left(folder) : []
    expect(() => writeOwn(folder, 'new.json', 'text')).toThrow(UntrustedError)
    if (existsSync(join(folder, 'it.json')))
      expect(() => readOwn(folder, 'it.json')).toThrow(UntrustedError)
    expect(existsSync(folder) ? left(folder) : []).toEqual(before)
  }

  it('when it is a link', () => {
    const { folder } = kept()
    symlinkSync(folder, `${folder}-link`)
    refused(`${folder}-link`)
  })

  it.each([0o777, 0o775])('when its mode is %o', (mode) => {
    asRoot()
    const { folder } = kept()
    chownSync(folder, -1, 1)
    chmodSync(folder, mode)
    refused(folder)
  })

  it('when others may write to a folder above it', () => {
    const { folder } = kept()
    chmodSync(join(folder, '..'), 0o777)
    refused(folder)
    refused(join(folder, '..', 'not-there', 'yet'))
  })

  it('when another user owns it, or a folder above it, or a link on the way to it', () => {
    asRoot()
    const [own, above, linked] = [kept(), kept(), kept()]
    give(own.folder)
    refused(own.folder)
    give(join(above.folder, '..'))
    refused(above.folder)
    const link = places.link(next(), join(linked.folder, '..'))
    expect(readOwn(join(link, 'cache'), 'it.json')).toBe('text') // a link of this user
    give(link)
    refused(join(link, 'cache'))
  })
})

describe('a folder to which all may write, each only to their own files', () => {
  const shared = () => {
    const folder = places.folder(next())
    chmodSync(folder, 0o1777)
    return folder
  }

  it('is used for files of this user', () => {
    const folder = shared()
    writeOwn(folder, 'it.json', 'text')
    expect(readOwn(folder, 'it.json')).toBe('text')
  })

  it('is not used for a file of another user', () => {
    asRoot()
    const folder = shared()
    give(places.file(`${folder.slice(places.root.length + 1)}/it.json`, 'text'))
    expect(() => readOwn(folder, 'it.json')).toThrow(UntrustedError)
  })
})

describe('what was learned about a Python', () => {
  /** Facts about a made-up installation, remembered. */
  function known() {
    const name = next()
    const executable = places.script(`${name}/bin/python3`, 'exit 1')
    const libpython = places.file(`${name}/lib/libpython3.11.so.1.0`, 'library')
    const prefix = places.path(name)
    const facts: PythonFacts = {
      ...{
        executable,
        libpython,
        prefix,
        basePrefix: prefix,
        version: [3, 11, 7],
        release: '3.11.7',
      },
      ...{
        libpythonName: 'libpython3.11.so.1.0',
        freeThreaded: false,
        ctypes: true,
        debian: false,
      },
    }
    const folder = places.path(name, 'cache')
    const env = { PYTHREADS_CACHE: folder }
    remember(executable, facts, env)
    return { executable, facts, env, folder, file: join(folder, left(folder)[0] ?? '') }
  }

  it('is not believed when another user owns its file or its folder, and the reason is reported', () => {
    asRoot()
    for (const which of ['file', 'folder'] as const) {
      const python = known()
      expect([
        recall(python.executable, python.env),
        whyNotRecalled(python.executable, python.env),
      ]).toEqual([python.facts, undefined])
      give(python[which])
      expect(recall(python.executable, python.env)).toBeUndefined()
      expect(whyNotRecalled(python.executable, python.env)).toContain(
        `${python[which]} belongs to user ${OTHER}`,
      )
    }
  })

  it('overwrites no file that a planted link leads to', () => {
    asRoot()
    const { executable, facts, env, folder, file } = known()
    const precious = places.file(next(), 'precious')
    renameSync(file, `${file}.before`)
    symlinkSync(precious, file)
    symlinkSync(precious, `${file}.${process.pid}`)
    give(folder)
    remember(executable, facts, env)
    expect(readFileSync(precious, 'utf8')).toBe('precious')
    expect(left(folder)).toHaveLength(3)
  })

  it.each(['executable', 'libpython', 'version', 'prefix'] as const)(
    'is not believed without %s, whatever objects inherit',
    (key) => {
      const { executable, env, file, facts } = known()
      const { stamp } = JSON.parse(readFileSync(file, 'utf8')) as { stamp: string }
      const { [key]: _, ...rest } = facts
      writeFileSync(file, JSON.stringify({ stamp, facts: rest }))
      Object.defineProperty(Object.prototype, key, { value: facts[key], configurable: true })
      try {
        expect(recall(executable, env)).toBeUndefined()
      } finally {
        Reflect.deleteProperty(Object.prototype, key)
      }
    },
  )

  it('is not used by doctor when others may write to its folder, which it says in a line', async () => {
    const folder = places.folder(next())
    chmodSync(folder, 0o777)
    const told = async (args: string[]) =>
      (await runCli(['doctor', ...args], { env: { PYTHREADS_CACHE: folder } })).stdout
    expect(
      (await told([])).split('\n').filter((line) => line.includes('The cache is not used')),
    ).toHaveLength(1)
    expect(JSON.parse(await told(['--json']))).toMatchObject({
      cache: { problem: expect.stringContaining(folder) },
    })
    expect(left(folder)).toEqual([])
  })
})

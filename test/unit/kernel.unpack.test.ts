/**
 * The kernel of a bundle in the user's cache: written once, mended where a file is missing or
 * changed, and never used from a folder that another user can change.
 */
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { unpack } from '../../src/discovery/kernel-files.ts'
import { PythreadsError } from '../../src/errors/index.ts'
import { Places } from '../support/places.ts'

const TEXTS = { '__init__.py': '', 'boot.py': 'print("é")\n', 'serve.py': 'x = 1\n' }
const KERNEL = {
  hash: '0123456789abcdef',
  files: brotliCompressSync(JSON.stringify(TEXTS)).toString('base64'),
}
const NAME = `kernel-${KERNEL.hash}`

let places: Places
let cache: string
let spare: string

beforeEach(() => {
  places = new Places()
  cache = places.path('cache')
  spare = places.path('spare')
})
afterEach(() => places[Symbol.dispose]())

const unpacked = (PYTHREADS_CACHE = cache) => unpack(KERNEL, { PYTHREADS_CACHE }, [spare])
const files = (folder: string) =>
  readdirSync(join(folder, 'pythreads_kernel'), { withFileTypes: true }).filter((one) =>
    one.isFile(),
  )
const textsIn = (folder: string) =>
  Object.fromEntries(
    files(folder).map(({ name }) => [
      name,
      readFileSync(join(folder, 'pythreads_kernel', name), 'utf8'),
    ]),
  )
const inodes = (folder: string) =>
  Object.keys(TEXTS).map((name) => statSync(join(folder, 'pythreads_kernel', name)).ino)

it('writes the files of the kernel once', () => {
  const folder = unpacked()
  expect(folder).toBe(join(cache, NAME))
  expect(textsIn(folder)).toEqual(TEXTS)
  const before = inodes(folder)
  expect(unpacked()).toBe(folder)
  expect(inodes(folder)).toEqual(before)
})

it.each([
  ['missing', (path: string) => rmSync(path)],
  ['cut off', (path: string) => truncateSync(path, 3)],
  ['longer', (path: string) => appendFileSync(path, '# mine\n')],
  ['another text of the same length', (path: string) => writeFileSync(path, 'x = 2\n')],
  [
    'a link',
    (path: string) => {
      rmSync(path)
      symlinkSync('boot.py', path)
    },
  ],
])('writes a file of the kernel again that is %s, and no other file', (_, spoil) => {
  const folder = unpacked()
  const [first, second] = inodes(folder)
  spoil(join(folder, 'pythreads_kernel', 'serve.py'))
  expect(unpacked()).toBe(folder)
  expect(textsIn(folder)).toEqual(TEXTS)
  expect(inodes(folder).slice(0, 2)).toEqual([first, second])
})

it('completes a folder whose writer was killed', () => {
  const inner = join(cache, NAME, 'pythreads_kernel')
  mkdirSync(inner, { recursive: true })
  writeFileSync(join(inner, '.boot.py.x1y2'), 'pri')
  expect(unpacked()).toBe(join(cache, NAME))
  expect(textsIn(join(cache, NAME))).toMatchObject(TEXTS)
})

it.each([
  ['is off', 'off'],
  ['is empty', ''],
  ['cannot be made', '/proc/pythreads'],
  ['is a device', '/dev/null'],
])('uses the next place where the cache %s', (_, PYTHREADS_CACHE) => {
  expect(unpacked(PYTHREADS_CACHE)).toBe(join(spare, NAME))
  expect(textsIn(join(spare, NAME))).toEqual(TEXTS)
})

it('refuses to start where no place can be written to', () => {
  expect(() => unpack(KERNEL, { PYTHREADS_CACHE: '/dev/null' }, ['/proc/pythreads'])).toThrow(
    expect.objectContaining({ code: 'ERR_PYTHREADS_WORKER_START' }),
  )
  expect(() => unpack(KERNEL, { PYTHREADS_CACHE: 'off' }, [])).toThrow(PythreadsError)
})

it.skipIf(process.platform === 'win32').each([
  ['the cache', ''],
  ['the folder of the kernel', NAME],
  ['its package', join(NAME, 'pythreads_kernel')],
  ['the folder of its bytecode', join(NAME, 'pythreads_kernel', '__pycache__')],
  ['one of its files', join(NAME, 'pythreads_kernel', 'serve.py')],
])('does not use a kernel where another user may write to %s', (_, path) => {
  unpacked()
  chmodSync(join(cache, path), 0o777)
  expect(unpacked()).toBe(join(spare, NAME))
})

it('makes folders that only this user can write to, whatever the umask', () => {
  const umask = process.umask(0)
  try {
    const folder = unpacked()
    const paths = ['', 'pythreads_kernel', 'pythreads_kernel/__pycache__']
    for (const path of [...paths, ...Object.keys(TEXTS).map((name) => `pythreads_kernel/${name}`)])
      expect(statSync(join(folder, path)).mode & 0o022).toBe(0)
  } finally {
    process.umask(umask)
  }
})

import { createRequire } from 'node:module'
import { ESCAPE } from '../../../src/wire/escapes.ts'
import { escaped, marshal, type Node } from './marshal.ts'
import type { Ground } from './values.ts'

/** Where a worker's file of loans has its bytes; before that are the cells. */
export const CELLS: number = 1 << 20
const LEVELS = 40

/**
 * What a hostile worker puts into the memory that it lends, and where it is: payloads within
 * payloads, and a plain one.
 */
export function imageOf(fd: number): {
  readonly bytes: Buffer
  readonly loans: readonly (readonly number[])[]
} {
  const parts: Buffer[] = []
  const loans: number[][] = []
  let at = 0
  const put = (node: Node): readonly number[] => {
    const bytes = marshal(node)
    const loan = [bytes.length, CELLS + at, -fd, loans.length + 1]
    const padded = Buffer.alloc(Math.ceil(bytes.length / 64) * 64)
    bytes.copy(padded)
    parts.push(padded)
    at += padded.length
    loans.push(loan)
    return loan
  }
  put(Buffer.alloc(4_096, 'A'))
  let inner = put([1, 'x'])
  for (let level = 0; level < LEVELS; level++)
    inner = put([escaped(ESCAPE.FRAME, ...inner), escaped(ESCAPE.FRAME, ...inner)])
  for (let level = 0; level < 3; level++) inner = put(escaped(ESCAPE.FRAME, ...inner))
  return { bytes: Buffer.concat(parts), loans }
}

/**
 * Memory for frames without a worker process: a sealed file of this process under a fixed number,
 * so that a corpus can name it.
 */
export function sealedFile(fd: number): { readonly ground: Ground; fill(): void } {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi')
  const libc = koffi.load(null)
  const [CLOEXEC_AND_SEALING, ADD_SEALS, SEALS, READ_AND_WRITE, MAP_SHARED] = [3, 1033, 7, 3, 1]
  const file = libc.func('int memfd_create(const char *name, uint32_t flags)')(
    'pythreads',
    CLOEXEC_AND_SEALING,
  ) as number
  const { bytes, loans } = imageOf(fd)
  const size = CELLS * 2
  libc.func('int ftruncate(int fd, int64_t size)')(file, size)
  libc.func('int fcntl(int fd, int command, ...)')(file, ADD_SEALS, 'int', SEALS)
  if (libc.func('int dup2(int from, int to)')(file, fd) !== fd)
    throw new Error(`There can be no descriptor ${fd}`)
  libc.func('int close(int fd)')(file)
  const mmap = libc.func(
    'intptr_t mmap(void *at, size_t size, int rights, int flags, int fd, int64_t offset)',
  )
  const address = mmap(null, size, READ_AND_WRITE, MAP_SHARED, fd, 0) as number
  const memory = Buffer.from(koffi.view(BigInt(address), size))
  const fill = () => void bytes.copy(memory, CELLS)
  fill()
  return { ground: { loans, spaces: [-fd, -fd - 1, -1, -2, -3, -4, -5, 0, 1, fd] }, fill }
}

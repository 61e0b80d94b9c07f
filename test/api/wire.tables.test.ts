/** The numbers of frames and escapes are the same in TypeScript and in the kernel. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  ESCAPE,
  FLAG,
  HEADER_BYTES,
  KIND,
  MAX_PAYLOAD_BYTES,
  TRAIT,
  writeHeader,
} from '../../src/wire/index.ts'
import { pythons } from '../support/pythons.ts'

const kernel = fileURLToPath(new URL('../../kernel', import.meta.url))

describe('the kernel', () => {
  it.each(pythons)(
    'of Python $release (free-threaded: $freeThreaded) has the same tables of frames and escapes',
    ({ executable }) => {
      const source =
        'import json, sys; sys.path.append(sys.argv[1]); from pythreads_kernel import escapes, frames;' +
        ' table = lambda module: {name: value for name, value in vars(module).items() if name.isupper() and name[0] != "_"' +
        ' and type(value) is int}; print(json.dumps([table(frames), table(escapes), frames.HEADER.pack(1, 2, 3).hex()]))'
      const [kinds, escapes, packed] = JSON.parse(
        execFileSync(executable, ['-c', source, kernel], { encoding: 'utf8' }),
      )
      expect(kinds).toEqual({
        ...KIND,
        ...FLAG,
        DEPTH_SHIFT: 16,
        KIND_MASK: 0xff,
        TIME_SHIFT: 16,
        MAX_TIME: 0xffff,
        HEADER_BYTES,
        MAX_PAYLOAD: MAX_PAYLOAD_BYTES,
      })
      expect(escapes).toEqual({ ...ESCAPE, ...TRAIT })
      const header = Buffer.alloc(HEADER_BYTES)
      writeHeader(header, 0, 1, 2, 3)
      expect(packed).toBe(header.toString('hex'))
    },
  )
})

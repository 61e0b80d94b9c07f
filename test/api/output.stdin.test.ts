/**
 * In this process's own interpreters Python reads this process's stdin, though Node has made it
 * non-blocking.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { placements } from '../support/pythons.ts'

const fixture = fileURLToPath(new URL('../../build/fixtures/output-stdin.js', import.meta.url))

describe.each(placements.filter(({ isolation }) => isolation !== 'process'))(
  'stdin, $name',
  ({ isolation, python }) => {
    it('is waited for by input() and by sys.stdin.read()', async () => {
      const host = spawn(process.execPath, [fixture, JSON.stringify({ isolation, python })], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      let printed = ''
      host.stdout.setEncoding('utf8').on('data', (text: string) => {
        printed += text
        if (text.includes('reads 1')) host.stdin.write('one\ntw')
        if (text.includes('reads 2')) host.stdin.end('o\nthree')
      })
      const [code] = await once(host, 'close')
      expect({ code, printed }).toEqual({
        code: 0,
        printed: 'reads 1\ngot one\nreads 2\ngot two\nthree\n',
      })
    })
  },
)

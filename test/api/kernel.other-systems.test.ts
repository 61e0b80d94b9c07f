/**
 * The kernel on Windows and macOS, as far as another system can tell: what Windows lacks is taken
 * away, and what it has is replaced (`test/python/other_systems.py`).
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { pythons } from '../support/pythons.ts'

const kernel = fileURLToPath(new URL('../../kernel', import.meta.url))
const script = fileURLToPath(new URL('../python/other_systems.py', import.meta.url))

describe.each(pythons)(
  'the kernel of Python $release (free-threaded: $freeThreaded)',
  ({ executable }) => {
    const run = (check: string) =>
      JSON.parse(execFileSync(executable, [script, kernel, check], { encoding: 'utf8' }))

    it('is imported for a worker process without the modules that Windows lacks', () => {
      expect(run('imports')).toContain('pythreads_kernel.process_main')
    })

    it('shares no memory on Windows', () => {
      expect(run('shares_nothing')).toEqual([-1, false])
    })

    it('refuses limits on Windows by an OSError', () => {
      expect(run('limits')).toBe('OSError')
    })

    it('knows a closed pipe of Windows by its EINVAL, and no other error', () => {
      expect(run('closed_pipe')).toEqual(['BrokenPipeError', 'OSError'])
    })

    it('writes UTF-8 to a console of Windows in whole, and bytes to anything else', () => {
      const [console, pipe] = run('console')
      expect(console).toEqual([[1, 'wb', false], 'ab', 'cd', [2, 'ij']])
      expect(pipe).toBe('efgh')
    })

    it('interrupts the main thread on Windows by SIGINT, for the right request alone', () => {
      expect(run('interrupts')).toEqual(['SignalGuard', [false, true]])
    })

    it('waits for the end of the host on Windows by its handle', () => {
      const [calls, others] = run('host_process')
      expect(calls.slice(0, 2)).toEqual([
        [0x100000, false, 1],
        [99, 0xffffffff],
      ])
      expect(others).toEqual([true, false, false])
    })

    it('waits on macOS for the hang-up and for the end of the host, and not for bytes', () => {
      expect(run('host_kqueue')).toEqual([
        [
          [true, 0, [3, 5]],
          [true, 0, [3, 5]],
          [true, 0, [3]],
          [true, 0, [3, 5]],
        ],
        true,
      ])
    })

    it('does not watch the host where the system has no way to wait', () => {
      expect(run('no_poll')).toBe(false)
    })

    it('uses two pipes as a side channel, and tells the end of the first', () => {
      expect(run('side_pipes')).toEqual([true, ''])
    })

    it('knows a build without a GIL where sys.abiflags is missing', () => {
      expect(run('free_threaded')).toBe(true)
    })
  },
)

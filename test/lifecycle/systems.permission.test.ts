/** Node's permission model (`--permission`): which flags pythreads needs, and what it says of others. */
import { realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runNode } from '../support/child.ts'
import { type Placement, placement } from '../support/placement.ts'
import { smoke } from '../support/smoke.ts'

const root = realpathSync(fileURLToPath(new URL('../..', import.meta.url)))
const MODEL = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission'
/** Node 25 and newer restrict sockets too, and workers in this process have one each. */
const NET = process.allowedNodeEnvironmentFlags.has('--allow-net') ? ['--allow-net'] : []
const READ_ALL = '--allow-fs-read=*'

/** The code of what `Python.start` throws, and whether its message names a flag; else a result. */
async function start(
  { isolation, python }: Placement,
  names: string,
  ...flags: string[]
): Promise<string> {
  const program = `
    import { Python } from 'pythreads'
    try {
      const py = await Python.start(${JSON.stringify({ isolation, python, workers: 1 })})
      console.log(await py.eval('6 * 7'))
      await py.close()
    } catch (error) {
      console.log(error.code, error.message.includes('${names}'))
    }
  `
  const args = [MODEL, ...flags, '--input-type=module', '--eval', program]
  const { stdout, stderr } = await runNode(args)
  return stdout.trim() || stderr
}

describe.each(['process', 'thread'] as const)('with the permission model, isolation %s', (name) => {
  const place = placement(name)
  const { isolation, python } = place

  it('works with the flags that the documents name, in worker_threads too', async () => {
    const allowed = ['child-process', 'addons', 'worker', 'fs-read=*', 'fs-write=/dev/shm']
    const flags = [MODEL, ...allowed.map((name) => `--allow-${name}`), ...NET]
    expect(await smoke({ python, isolation, flags })).toEqual({ code: 0, printed: '' })
  })

  it('works if only the package and Python may be read', async () => {
    // the folder of the installation, which has bin and lib
    const folders = [python, realpathSync(python)].map((path) => dirname(dirname(path)))
    const read = [...new Set([root, ...folders])].map((folder) => `--allow-fs-read=${folder}`)
    const told = await start(place, '', ...read, '--allow-child-process', '--allow-addons', ...NET)
    expect(told).toBe('42')
  })

  it('names the file that Python needs and that may not be read', async () => {
    const read = `--allow-fs-read=${root}`
    const told = await start(place, '--allow-fs-read', read, '--allow-child-process')
    expect(told).toBe('ERR_PYTHREADS_PERMISSION true')
  })
})

it('with the permission model, isolation process names the flag for child processes', async () => {
  const told = await start(
    placement('process'),
    '--allow-child-process',
    READ_ALL,
    '--allow-addons',
  )
  expect(told).toBe('ERR_PYTHREADS_PERMISSION true')
})

it('with the permission model, isolation thread names the flag for addons', async () => {
  const told = await start(placement('thread'), '--allow-addons', READ_ALL, '--allow-child-process')
  expect(told).toBe('ERR_PYTHREADS_PERMISSION true')
})

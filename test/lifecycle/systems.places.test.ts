/**
 * Places in which a program may stand or run: folders with odd names, a home that cannot be
 * written, a system without /proc and /dev/shm, a user that may only read the package.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { notHere, notPossible } from '../support/not-here.ts'
import { Places } from '../support/places.ts'
import { placements } from '../support/pythons.ts'
import { scaled } from '../support/scale.ts'
import { canMount } from '../support/scarce.ts'
import { installIn, smoke, works } from '../support/smoke.ts'

const ODD = "näïve 東京 it's 100% (#1)"
const NOBODY = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups']
/** That of the system: other Pythons may be in a home that other users cannot read. */
const SYSTEM_PYTHON = '/usr/bin/python3'
const RIGHT = { code: 0, printed: '' }

const places = new Places()
afterAll(() => places[Symbol.dispose]())

let odd = ''
beforeAll(() => {
  chmodSync(places.root, 0o755)
  odd = places.folder(ODD)
  installIn(odd)
})

// In the quick suite one Python for each isolation.
describe.each(scaled(placements.slice(0, 3), placements))(
  'workers in $name',
  ({ isolation, python }) => {
    it('work where every folder has spaces and letters beyond ASCII in its name', async () => {
      const venv = join(odd, `environment ü ${isolation}`)
      if (!works(python, '-m', 'venv', '--without-pip', venv)) notHere('module venv of Python')
      const found = await smoke({
        program: join(odd, 'smoke.mjs'),
        python: join(venv, 'bin', 'python'),
        isolation,
        cwd: odd,
        env: { PYTHREADS_CACHE: join(odd, 'cache é'), TMPDIR: odd, LC_ALL: 'C' },
      })
      expect(found).toEqual(RIGHT)
    })

    it('work with a home that cannot be written (root)', async () => {
      if (!canMount) notPossible('right to mount (root)')
      const home = places.folder('home')
      const script = `mount -t tmpfs -o ro none '${home}'; unset PYTHREADS_CACHE XDG_CACHE_HOME; exec "$0" "$@"`
      const prefix = ['unshare', '-m', 'sh', '-c', script]
      expect(await smoke({ python, isolation, prefix, env: { HOME: home } })).toEqual(RIGHT)
    })

    it('work without /proc and /dev/shm (root)', async () => {
      if (!canMount) notPossible('right to mount (root)')
      const script = `mount -t tmpfs -o ro none /dev/shm; mount -t tmpfs -o ro none /proc; exec "$0" "$@"`
      const prefix = ['unshare', '-m', 'sh', '-c', script]
      expect(await smoke({ python, isolation, prefix })).toEqual(RIGHT)
    })
  },
)

it.each(['process', 'thread'])(
  'workers in isolation %s work for a user that may only read the package (root)',
  async (isolation) => {
    const whoami = spawnSync(NOBODY[0] ?? '', [...NOBODY.slice(1), process.execPath, '-v'])
    if (whoami.status !== 0) notPossible('right to become another user (setpriv, root)')
    const isThere = 'import sys; sys.exit(sys.version_info < (3, 10))'
    if (!works(SYSTEM_PYTHON, '-c', isThere)) notHere(`${SYSTEM_PYTHON} 3.10 or newer`)
    const [library, ...rest] = ['-c', LIBRARY]
    if (isolation === 'thread' && !works(SYSTEM_PYTHON, library ?? '', ...rest))
      notPossible('libpython of the system')
    const found = await smoke({
      program: join(odd, 'smoke.mjs'),
      python: SYSTEM_PYTHON,
      isolation,
      cwd: '/',
      env: { HOME: '/nonexistent', PYTHREADS_CACHE: undefined },
      prefix: NOBODY,
    })
    expect(found).toEqual(RIGHT)
  },
)

/** Ends well if there is a shared library of that Python. */
const LIBRARY = 'import ctypes, sysconfig; ctypes.CDLL(sysconfig.get_config_var("INSTSONAME"))'

/**
 * Files of the user's in the place of modules of Python's own: on PYTHONPATH, in `path`, in the
 * current folder; and what else of the user's runs when Python starts. Python starts and works, or
 * there is an error that names the file: nothing waits for ever, and Node lives.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, describe, expect } from 'vitest'
import { runFixture } from '../support/child.ts'
import { Places } from '../support/places.ts'
import { eachHost, placements, pythons } from '../support/pythons.ts'
import { isFull, scaled } from '../support/scale.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())

type Outcomes = Record<string, string>
type Placement = Pick<(typeof placements)[number], 'isolation' | 'python'>

async function outcomesOf(
  place: Placement,
  folder: string,
  env: NodeJS.ProcessEnv,
  options = {},
): Promise<Outcomes> {
  const { isolation, python } = place
  const settings = JSON.stringify({ isolation, python, folder, ...options })
  const { stdout, stderr, code } = await runFixture('shadowed', [settings], {
    PYTHONPATH: '',
    PYTHREADS_CACHE: 'off',
    ...env,
  })
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Outcomes
}

/** What is neither right nor an error that names the file. */
function unexplained(outcomes: Outcomes): Outcomes {
  const explained = /^right$|^ERR_PYTHREADS_(RUNTIME|WORKER_START|PYTHON_BROKEN|PYTHON) named$/
  return Object.fromEntries(
    Object.entries(outcomes).filter(([, outcome]) => !explained.test(outcome)),
  )
}

/**
 * Modules of Python's own that a file can replace. In the quick suite, one for each part of the
 * start that needs it; in the full one a third of all, another third for the next placement.
 */
function replaceable(python: string, turn: number): string[] {
  const quick = [
    'types',
    'functools',
    'threading',
    'mmap',
    'ctypes',
    'encodings',
    'asyncio',
    'traceback',
    '__future__',
  ]
  const source =
    'import sys, _imp; print(*(n for n in sys.stdlib_module_names - {*sys.builtin_module_names} if not _imp.is_frozen(n)))'
  const all = execFileSync(python, ['-I', '-c', source], { encoding: 'utf8' }).trim().split(' ')
  return all
    .sort()
    .filter((name, index) => quick.includes(name) || (isFull && index % 3 === turn % 3))
}

const KINDS = {
  'is another module': 'class User: pass\n',
  raises: 'raise ValueError("mine")\n',
  exits: 'raise SystemExit(0)\n',
}

describe.each(scaled(placements.slice(0, 3), placements))(
  'files of the user beside Python, in $name',
  (place) => {
    const it = eachHost(place)
    const names = replaceable(place.python, placements.indexOf(place))

    it.each(names)(
      'on PYTHONPATH in the place of %s leave it working or are named',
      async (name) => {
        const [kind, source] = Object.entries(KINDS)[scaled(0, names.indexOf(name) % 3)] as [
          string,
          string,
        ]
        const file = places.file(join(place.name, 'path', kind, name, `${name}.py`), source)
        const folder = join(file, '..')
        expect(unexplained(await outcomesOf(place, folder, { PYTHONPATH: folder })), kind).toEqual(
          {},
        )
      },
    )

    it('in `path` leave Python working or are named', async () => {
      for (const name of scaled(
        ['traceback'],
        ['traceback', 'asyncio', 'ctypes', 'select', 'linecache', 'fcntl'],
      )) {
        const folder = join(
          places.file(join(place.name, 'option', name, `${name}.py`), KINDS['is another module']),
          '..',
        )
        expect(unexplained(await outcomesOf(place, folder, {}, { path: [folder] })), name).toEqual(
          {},
        )
      }
    })

    it('that exit or raise as packages are named', async () => {
      const folder = join(
        places.file(join(place.name, 'package', 'types', '__init__.py'), KINDS['exits']),
        '..',
        '..',
      )
      const { start = '' } = await outcomesOf(place, folder, { PYTHONPATH: folder })
      expect(start).toMatch(/^ERR_PYTHREADS_(RUNTIME|WORKER_START) named$/)
    })

    it('in the place of the kernel are not used', async () => {
      const folder = join(place.name, 'stale', 'pythreads_kernel')
      places.file(join(folder, '__init__.py'), KINDS.raises)
      places.file(join(folder, 'boot.py'), KINDS.raises)
      const path = places.path(place.name, 'stale')
      expect(Object.values(await outcomesOf(place, path, { PYTHONPATH: path }))).toEqual(
        Array.from({ length: 7 }, () => 'right'),
      )
    })

    it.each([
      { what: 'that raises', source: 'raise ValueError("mine")', starts: true },
      {
        what: 'that prints',
        source: 'import sys\nprint("from the site", flush=True); sys.stdout.write("no line")',
        starts: true,
      },
      { what: 'that exits with 0', source: 'raise SystemExit(0)', starts: false },
      { what: 'that exits with 3', source: 'raise SystemExit(3)', starts: false },
    ])(
      'a sitecustomize $what lets Python start or is an error ($starts)',
      async ({ what, source, starts }) => {
        const folder = join(
          places.file(join(place.name, 'site', what, 'sitecustomize.py'), source),
          '..',
        )
        const { start = '' } = await outcomesOf(place, folder, { PYTHONPATH: folder })
        expect(start).toMatch(starts ? /^right$/ : /^ERR_PYTHREADS_(PYTHON_BROKEN|WORKER_START)/)
      },
    )

    it('a usercustomize that exits is an error', async () => {
      const { release, freeThreaded } = pythons.find(
        ({ executable }) => executable === place.python,
      ) ?? {
        release: '',
        freeThreaded: false,
      }
      const version = `python${release.split('.').slice(0, 2).join('.')}${freeThreaded ? 't' : ''}`
      const base = places.folder(join(place.name, 'user'))
      const site = join(place.name, 'user', 'lib', version, 'site-packages')
      places.file(join(site, 'usercustomize.py'), 'raise SystemExit(0)')
      const { start = '' } = await outcomesOf(place, base, { PYTHONUSERBASE: base })
      expect(start).toMatch(/^ERR_PYTHREADS_(PYTHON_BROKEN|WORKER_START)/)
    })

    it('a .pth file that fails lets Python start', async () => {
      const { release, freeThreaded } = pythons.find(
        ({ executable }) => executable === place.python,
      ) ?? {
        release: '',
        freeThreaded: false,
      }
      const version = `python${release.split('.').slice(0, 2).join('.')}${freeThreaded ? 't' : ''}`
      const base = places.folder(join(place.name, 'pth'))
      places.file(
        join(place.name, 'pth', 'lib', version, 'site-packages', 'bad.pth'),
        'import there_is_no_such_module\n',
      )
      expect((await outcomesOf(place, base, { PYTHONUSERBASE: base }))['start']).toBe('right')
    })
  },
)

describe('the choice of an isolation', () => {
  eachHost(placements[0] ?? { name: '' })(
    'goes by Python where a module of its own is replaced, and names the file',
    async () => {
      const python =
        pythons.findLast(
          ({ isolations, freeThreaded }) => isolations.includes('subinterpreter') && !freeThreaded,
        )?.executable ?? ''
      const folder = join(places.file('auto/types.py', KINDS['is another module']), '..')
      const auto = { isolation: 'auto', preload: ['json'] }
      const { start } = await outcomesOf(
        { python } as Placement,
        folder,
        { PYTHONPATH: folder },
        auto,
      )
      expect(start).toBe('ERR_PYTHREADS_WORKER_START named')
    },
  )
})

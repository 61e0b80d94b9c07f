// `pythreads doctor`: what a person sees on one screen, and the exit status that scripts go by.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Python } from '../../src/index.ts'
import { runCli } from '../support/child.ts'
import { placement } from '../support/placement.ts'
import { Places } from '../support/places.ts'
import { placements, pythons } from '../support/pythons.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())
const python = placements.find(({ isolation }) => isolation === 'process')?.python ?? ''

/** The lines of a text as a terminal of 80 columns shows them. */
const rows = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / 80)), 0)

describe('pythreads doctor', () => {
  it.each(pythons)(
    'fits on a screen with Python $release: the Python that is used, what it can do, what auto chooses',
    async ({ executable }) => {
      const { code, stdout, stderr } = await runCli(['doctor', '--python', executable])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(Math.max(...stdout.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(80)
      expect(rows(stdout)).toBeLessThan(24)
      expect(stdout).toMatch(/^ {2}thread .*^ {2}subinterpreter .*^ {2}process +yes/ms)
      const [reason = ''] = /^ {2}subinterpreter .*?(?=\n {2}process)/ms.exec(stdout) ?? []
      const isWhole = reason.split('(').length === reason.split(')').length
      expect({ reason, isMarked: reason.endsWith('...') || isWhole }).toMatchObject({
        isMarked: true,
      })
      expect(stdout.replaceAll(/\n */g, ' ')).toMatch(
        /isolation 'auto' chooses (thread|subinterpreter|process): /,
      )
    },
  )

  it('shows every Python and all reasons with --verbose', async () => {
    const { code, stdout } = await runCli(['doctor', '--verbose'])
    expect(code).toBe(0)
    for (const { executable } of pythons.filter(({ packages }) => packages !== null).slice(0, 1))
      expect(stdout).toContain(executable)
    expect(stdout).toContain('Pythons, in the order of the search:')
    expect(stdout).toMatch(/isolation 'auto' chooses (thread|subinterpreter|process):\n {2}/)
  })

  it.each([
    { name: 'a Python', args: ['--python', python, '--import', 'json'] },
    { name: 'no Python', args: ['--python', '/no/such/python'] },
  ])('has the fields of docs/cli.md with --json where there is $name', async ({ args }) => {
    const { stdout } = await runCli(['doctor', ...args, '--json'])
    const page = await readFile(new URL('../../docs/cli.md', import.meta.url), 'utf8')
    const [, table = ''] = /<!-- doctor json -->(.*?)<!-- \/doctor json -->/s.exec(page) ?? []
    const named = [...table.matchAll(/^\| `(\w+)` \| (.*?) \|/gm)].map(([, name, type]) => ({
      name: name ?? '',
      types: (type ?? '').split(' or ').map((text) => text.replaceAll('`', '')),
    }))
    const printed = JSON.parse(stdout) as Record<string, unknown>
    const missing = named.filter(({ types }) => types.includes('missing')).map(({ name }) => name)
    expect([...new Set([...Object.keys(printed), ...missing])].sort()).toEqual(
      named.map(({ name }) => name).sort(),
    )
    for (const { name, types } of named) {
      const value = printed[name]
      const type = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
      expect(types, name).toContain(value === undefined ? 'missing' : type)
    }
  })

  it('says which modules work, and how to install one that does not; its status is 1 then', async () => {
    const { code, stdout } = await runCli([
      'doctor',
      '--python',
      python,
      '--import',
      'json,cv2,no_such_module,os.nope',
    ])
    expect(code).toBe(1)
    expect(stdout).toMatch(/^work: json/m)
    expect(stdout).toContain("does not work: cv2: No module named 'cv2'")
    expect(stdout).toMatch(/^ {2}.*python.* -m pip install opencv-python no_such_module$/m)
    expect(rows(stdout)).toBeLessThan(24)
    expect(await runCli(['doctor', '--python', python, '--import', 'json,sqlite3'])).toMatchObject({
      code: 0,
    })
  })

  it('fits on a screen however many modules there are', async () => {
    const [working, missing] = [
      'json,math,os,re,csv,io,ast,abc,cmd,dis',
      Array.from({ length: 20 }, (_, i) => `missing_${i}`).join(),
    ]
    const { code, stdout } = await runCli(['doctor', '--import', `${working},${missing}`])
    expect(code).toBe(1)
    expect(rows(stdout)).toBeLessThanOrEqual(24)
    expect(stdout).toContain('and 16 more that do not work')
  })

  it('names the module that a module needs, and says no command for one that is broken', async () => {
    places.file('needs_it.py', 'import not_installed_anywhere\n')
    places.file('is_broken.py', 'raise ValueError("broken")\n')
    const flags = [
      '--python',
      python,
      '--path',
      places.root,
      '--import',
      'needs_it,is_broken',
      '--json',
    ]
    const { code, stdout } = await runCli(['doctor', ...flags])
    const { imports } = JSON.parse(stdout) as { imports: { modules: unknown[]; install: string } }
    expect(code).toBe(1)
    expect(imports.modules).toMatchObject([
      {
        module: 'needs_it',
        ok: false,
        code: 'ERR_PYTHREADS_IMPORT_FAILED',
        missing: 'not_installed_anywhere',
      },
      { module: 'is_broken', ok: false, code: 'ERR_PYTHREADS_IMPORT_FAILED' },
    ])
    expect(imports.install).toMatch(/ install not_installed_anywhere$/)
  })

  it('says what is wrong with a Python that was named', async () => {
    const { code, stdout } = await runCli(['doctor', '--python', '/no/such/python'])
    expect(code).toBe(1)
    expect(stdout).toContain('ERR_PYTHREADS_PYTHON_NOT_FOUND')
  })

  it('fits on a screen where there is no Python', async () => {
    const PATH = Array.from({ length: 20 }, (_, i) => {
      places.script(join(`bin${i}`, 'python3'), 'exit 1')
      return places.path(`bin${i}`)
    }).join(':')
    const env = {
      PATH,
      VIRTUAL_ENV: '',
      CONDA_PREFIX: '',
      PYTHREADS_PYTHON: '',
      PYENV_ROOT: '/none',
    }
    const { code, stdout } = await runCli(['doctor'], { cwd: places.root, env })
    expect({ code, rows: rows(stdout) < 24 }).toEqual({ code: 1, rows: true })
    expect(stdout).toContain('ERR_PYTHREADS_PYTHON_NOT_FOUND')
  })
})

describe('what auto chooses', () => {
  const free = pythons.find(({ freeThreaded }) => freeThreaded)
  type Answer = Record<string, { isolation: string; reasons: string[] }>

  it.runIf(free !== undefined)(
    'tries modules without a GIL and says which one decides',
    async () => {
      const args = [
        'doctor',
        '--python',
        free?.executable ?? '',
        '--import',
        'json,there_is_no_such_module',
        '--json',
      ]
      const { stdout } = await runCli(args)
      const { auto, autoWithModules } = JSON.parse(stdout) as Answer
      expect(auto?.isolation).toBe('thread')
      expect(autoWithModules?.isolation).toBe('process')
      expect(autoWithModules?.reasons[0]).toMatch(/^not thread: there_is_no_such_module: /)
    },
  )

  it('chooses a process where there is a GIL, and says why', async () => {
    const { python } = placement('subinterpreter')
    const { code, stdout } = await runCli([
      'doctor',
      '--python',
      python,
      '--import',
      'json,readline',
      '--json',
    ])
    expect(code).toBe(0)
    const { auto, autoWithModules } = JSON.parse(stdout) as Answer
    expect(auto?.isolation).toBe('process')
    expect(autoWithModules).toEqual(auto)
    expect(auto?.reasons.join('\n')).toMatch(
      /^not thread: .*\nnot subinterpreter: only if you ask for it: .*\nprocess: /,
    )
  })
})

describe('the command that installs a package', () => {
  const installer = {
    executable: '/x/bin/python',
    prefix: '/x',
    has_pip: true,
    by_uv: false,
    by_conda: false,
    is_managed: false,
  }
  let py: Python
  beforeAll(async () => {
    py = await Python.start({ python, isolation: 'process', workers: 1 })
    await py.exec`
      from pythreads_kernel import missing_modules

      def command(facts, modules):
          installer = missing_modules.Installer()
          vars(installer).update(facts)
          return missing_modules.command(modules, installer)
    `
  })
  afterAll(() => py.close())

  it.each([
    ['is that of the Python that is used', {}, ['numpy'], '/x/bin/python -m pip install numpy'],
    [
      'has the name of the package',
      {},
      ['PIL', 'sklearn', 'yaml'],
      '/x/bin/python -m pip install pillow scikit-learn pyyaml',
    ],
    [
      'quotes a path',
      { executable: "/a b/it's" },
      ['numpy'],
      `'/a b/it'"'"'s' -m pip install numpy`,
    ],
    [
      'is of uv for its environments',
      { has_pip: false, by_uv: true },
      ['numpy'],
      'uv pip install --python /x/bin/python numpy',
    ],
    [
      'gets pip first',
      { has_pip: false },
      ['a'],
      '/x/bin/python -m ensurepip && /x/bin/python -m pip install a',
    ],
    [
      'is of conda for its environments',
      { by_conda: true },
      ['numpy'],
      'conda install --prefix /x numpy',
    ],
    [
      'makes an environment beside the Python of a system',
      { is_managed: true },
      ['numpy'],
      '/x/bin/python -m venv .venv && .venv/bin/python -m pip install numpy',
    ],
    [
      'is of the system for a part of the standard library',
      {},
      ['_tkinter'],
      'apt install python3-tk',
    ],
  ])('%s', async (_, facts, modules, command) => {
    expect(await py.eval`command(${{ ...installer, ...facts }}, ${modules})`).toBe(command)
  })
})

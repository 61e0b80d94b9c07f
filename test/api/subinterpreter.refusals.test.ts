/**
 * An extension module that a subinterpreter refuses is told, even where a package catches that
 * error and goes on without it: in `stats().reasons`, in the errors of later calls, and by
 * `pythreads doctor`. Else polars fails with `NameError: PySeries`, and yaml is a hundred times
 * slower, and nobody knows why. A process holds only one Python, so each has a host of its own.
 */
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { runCli, runFixture } from '../support/child.ts'
import { Places } from '../support/places.ts'
import { pythons } from '../support/pythons.ts'

const able = pythons.filter(({ isolations }) => isolations.includes('subinterpreter'))
const swallows = fileURLToPath(new URL('../python/swallows.py', import.meta.url))
const places = new Places()
afterAll(() => places[Symbol.dispose]())

const reason = (module: string) =>
  `refused in a subinterpreter: ${module} (use isolation 'process')`
const note = (...modules: string[]) =>
  `these extension modules were refused in this sub-interpreter: ${modules.join(', ')}; use isolation: 'process'`

describe.each(able)(
  'a refusal that a package catches, in subinterpreters of $release',
  ({ executable }) => {
    it('is told in the reasons, and in the errors of later calls of that worker', async () => {
      const { code, stdout, stderr } = await runFixture('refusals', [executable, swallows])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const told = JSON.parse(stdout)
      const [first, second] = told.extensions
      const all = [note('faulthandler', first, second)]
      expect(told).toEqual({
        extensions: expect.any(Array),
        before: [[], []],
        result: 'without faulthandler',
        builtin: [reason('faulthandler')],
        thread: reason(first),
        coroutine: reason(second),
        again: 3,
        notes: { call: all, eval: all, exec: all, coroutine: all, session: all, refused: [] },
        map: all,
        traceback: all[0],
        mine: 'TypeError: mine',
        'sync before': [],
        sync: [note('faulthandler')],
        closed: 3,
        initialize: [reason('faulthandler')],
        'only sync': [reason('faulthandler')],
        process: [['process: asked for by name'], []],
      })
    })

    it('is told by doctor, which tries the modules that it is given', async () => {
      places.file('tries.py', 'try:\n    import faulthandler\nexcept ImportError:\n    pass\n')
      places.file('fails.py', 'import tries\nraise ValueError("PySeries")\n')
      const args = [
        'doctor',
        '--python',
        executable,
        '--import',
        'json,tries,fails,faulthandler',
        '--json',
      ]
      const { code, stdout } = await runCli(args, { cwd: places.root })
      expect(code).toBe(1) // `fails` does so in every isolation
      const { inSubinterpreter, autoWithModules } = JSON.parse(stdout)
      expect(autoWithModules.isolation).toBe('process')
      expect(inSubinterpreter).toEqual([
        { module: 'json', problem: null },
        { module: 'tries', problem: expect.stringMatching(/^it loads without .* faulthandler/) },
        { module: 'fails', problem: expect.stringMatching(/PySeries.*without .* faulthandler/) },
        {
          module: 'faulthandler',
          problem: 'faulthandler does not support loading in subinterpreters',
        },
      ])
    })
  },
)

describe.each(able)('subinterpreters of $release', ({ executable }) => {
  it('note nothing that the kernel itself does without', async () => {
    const { code, stdout } = await runFixture('refusals-none', [executable])
    expect({ code, told: JSON.parse(stdout) }).toEqual({ code: 0, told: [] })
  })
})

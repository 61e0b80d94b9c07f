import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Python } from '../../../src/index.ts'
import { refusal } from '../../support/outcome.ts'
import { type Placement, start } from '../../support/placement.ts'

/** What errors say that a newcomer has to know: the messages are what is tested. */
export function hintSuite(place: Placement): void {
  describe('the message of an error', () => {
    const name = `hints_${place.turn}`
    const folder = resolve('build', name)
    let py: Python
    beforeAll(async () => {
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, 'rules.py'), 'def score():\n    return 1\n')
      writeFileSync(join(folder, 'uses.py'), 'import build_helper_of_nobody\n')
      py = await start(place, { workers: 1 })
    })
    afterAll(async () => {
      await py.close()
      rmSync(folder, { recursive: true })
    })

    const messageOf = async (call: () => unknown) => (await refusal(call)).message
    const executable = () => py.stats().python.executable

    it.each([
      ['there_is_no_such_package', 'there_is_no_such_package'],
      ['bs4', 'beautifulsoup4'],
      ['skimage.io', 'scikit-image'],
      ['fitz', 'pymupdf'],
    ])(
      'where the package of %s is missing: in which Python, and the command',
      async (module, pack) => {
        const command = `-m pip install ${pack}\``
        for (const call of [
          () => py.import(module),
          () => py.exec(`import ${module}`),
          () => py.sync.import(module),
        ]) {
          const message = await messageOf(call)
          expect(message).toContain(`No module named '${module.split('.')[0]}'`)
          expect(message).toContain(executable())
          expect(message).toContain(command)
        }
        expect(await messageOf(() => start(place, { workers: 1, preload: [module] }))).toContain(
          command,
        )
      },
    )

    it('names the path where a file is meant', async () => {
      for (const call of [
        () => py.import(`build.${name}.rules`),
        () => py.run(`build.${name}.rules:score`),
      ]) {
        const message = await messageOf(call)
        expect(message).toContain(`./build/${name}/rules.py is there`)
        expect(message).toContain('new URL(')
        expect(message).not.toContain('pip')
      }
      expect(await py.run(`./build/${name}/rules.py:score`)).toBe(1)
    })

    it('has no command where a module of a package or of Python itself is missing', async () => {
      for (const module of ['json.nothing', '_nothing_of_this_name']) {
        const message = await messageOf(() => py.import(module))
        expect(message).toContain(executable())
        expect(message).not.toContain('pip')
      }
    })

    it('has the command where a module imports a missing one, and the traceback as Python prints it', async () => {
      const error = await refusal(() => py.import(join(folder, 'uses.py')))
      expect(error).toMatchObject({
        code: 'ERR_PYTHREADS_IMPORT_FAILED',
        type: 'ModuleNotFoundError',
      })
      expect(error.message).toContain('-m pip install build_helper_of_nobody')
      expect(error).toHaveProperty(
        'traceback',
        expect.stringMatching(/ModuleNotFoundError: No module named 'build_helper_of_nobody'\n$/),
      )
      await py.exec('def raises(): raise ModuleNotFoundError("of the program")')
      expect(await messageOf(() => py.eval('raises()'))).toBe('of the program')
    })

    it('says how to debug where breakpoint() and pdb have no terminal', async () => {
      await py.exec(
        'def stops():\n  breakpoint()\n  return 1\ndef traces():\n  import pdb\n  pdb.set_trace()\n  return 1',
      )
      for (const call of [() => py.eval('stops()'), () => py.sync.eval('breakpoint()')]) {
        const error = await refusal(call)
        expect(error).toMatchObject({
          type: 'RuntimeError',
          message: expect.stringContaining('no terminal'),
        })
        expect(error.message).toContain('debugpy.listen(5678)')
      }
      if (place.isolation === 'process')
        expect(await messageOf(() => py.eval('traces()'))).toContain('debugpy.listen(5678)')
      expect(await py.eval('1')).toBe(1)
    })

    it('says nothing where breakpoint() is a function of the program', async () => {
      await py.exec('import sys\nhook = sys.breakpointhook\nsys.breakpointhook = lambda: 5')
      expect(await py.eval('breakpoint()')).toBe(5)
      await py.exec('sys.breakpointhook = hook')
      await py.exec('import os\nos.environ["PYTHONBREAKPOINT"] = "builtins.dict"')
      expect(await py.eval('breakpoint(a=1)')).toEqual({ a: 1 })
      await py.exec('os.environ["PYTHONBREAKPOINT"] = "0"')
      expect(await py.eval('breakpoint()')).toBe(null)
      await py.exec('del os.environ["PYTHONBREAKPOINT"]')
    })

    it.runIf(place.isolation === 'process')(
      'says at once that input() has nobody to ask',
      async () => {
        const error = await refusal(() => py.run('builtins:input', ['name? ']))
        expect(error).toMatchObject({
          type: 'NoTerminalError',
          message: expect.stringContaining('no terminal'),
        })
        expect(error).toHaveProperty('bases', expect.arrayContaining(['builtins:EOFError']))
        await py.exec('import io, sys\nown, sys.stdin = sys.stdin, io.StringIO("typed\\n")')
        expect(await py.run('builtins:input')).toBe('typed')
        expect(await refusal(() => py.run('builtins:input'))).toMatchObject({ type: 'EOFError' })
        await py.exec('sys.stdin = own')
      },
    )
  })
}

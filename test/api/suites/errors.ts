import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Python, PythonError, PythreadsError } from '../../../src/index.ts'
import { file, type Placement, start } from '../../support/placement.ts'

const FAILING = file('failing.py').pathname

/** What a Python exception is in JavaScript. */
export function errorSuite(place: Placement): void {
  describe('an exception', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place)
    })
    afterAll(() => py.close())

    async function raised(name: string, ...args: unknown[]): Promise<PythonError> {
      const error: unknown = await py
        .run(`${FAILING}:${name}`, args)
        .catch((reason: unknown) => reason)
      if (error instanceof PythonError) return error
      throw new Error(`${name} was expected to raise; it answered ${error}`)
    }

    it('has its type, module, message, frames and traceback', async () => {
      const error = await raised('outer', 1)
      expect(error).toBeInstanceOf(PythreadsError)
      expect(error).toMatchObject({
        name: 'PythonError',
        code: 'ERR_PYTHREADS_PYTHON',
        type: 'ValueError',
        module: 'builtins',
      })
      expect([
        error.message,
        error.notes,
        error.errors,
        error.cause,
        error.index,
        error.path,
      ]).toEqual([...['deep', [], undefined, undefined, undefined, undefined]])
      expect(error.frames.map((frame) => [frame.function, frame.file, frame.source])).toEqual([
        ['outer', FAILING, 'return outer(depth - 1)'],
        ['outer', FAILING, 'return value("deep")'],
        ['value', FAILING, 'raise ValueError(message)'],
      ])
      for (const { line } of error.frames) expect(line).toBeGreaterThan(5)
      expect(error.traceback).toMatch(
        /^Traceback \(most recent call last\):\n {2}File ".*failing\.py", line \d+, in outer\n/,
      )
      expect(error.traceback).toMatch(/ValueError: deep\n$/)
      expect(error.traceback).not.toContain('pythreads_kernel')
    })

    it("has Python's own traceback, also when the same is raised again", async () => {
      for (const name of ['underlined', 'chained_in_context', 'recursive', 'grouped', 'misspelt']) {
        const own = await py.run(`${FAILING}:traceback_of`, [name])
        for (let i = 0; i < 3; i++) expect((await raised(name)).traceback).toBe(own)
      }
    })

    it('has the frames of Python in its stack, the innermost first, then those of the JavaScript that waits', async () => {
      async function theCaller(): Promise<unknown> {
        return await py.run(`${FAILING}:value`)
      }
      async function theReader(): Promise<unknown> {
        return await py.import(FAILING).value?.()
      }
      async function theEvaluator(): Promise<unknown> {
        return await py.eval`int(${'x'})`
      }
      async function theMapper(): Promise<void> {
        for await (const _ of py.map(`${FAILING}:value`, ['x'])) expect.unreachable()
      }
      for (const caller of [theCaller, theReader, theEvaluator, theMapper]) {
        const error: unknown = await caller().catch((reason: unknown) => reason)
        const { stack = '' } = error as PythonError
        expect(stack).toMatch(/^PythonError \[ValueError\]: /)
        expect(stack).toMatch(
          new RegExp(`^ {4}at (async )?${caller.name} \\(.*errors\\.ts:\\d+:\\d+\\)$`, 'm'),
        )
        const python = (error as PythonError).frames.map(
          ({ function: name, file, line }) => `    at ${name} (${file}:${line}:`,
        )
        const lines = stack.split('\n').slice(1)
        expect(lines.slice(0, python.length).map((line) => line.replace(/\d+\)$/, ''))).toEqual(
          python.reverse(),
        )
        for (const line of lines) expect(line).toMatch(/^ {4}at /)
        expect(stack).not.toContain('Traceback')
      }
    })

    it('of the program has its own class and module', async () => {
      expect(await raised('own', 'Inside')).toMatchObject({
        type: 'Outside.Inside',
        module: 'failing',
        message: 'mine',
      })
      const error: unknown = await py.run('json:loads', ['{']).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ type: 'JSONDecodeError', module: 'json.decoder' })
    })

    it('without a message has its type as the message', async () => {
      expect(await raised('interrupts')).toMatchObject({ message: 'KeyboardInterrupt' })
    })

    it('has its cause', async () => {
      const error = await raised('caused')
      expect(error).toMatchObject({
        type: 'RuntimeError',
        message: 'outer',
        cause: { type: 'ValueError' },
      })
      expect(error.cause).toBeInstanceOf(PythonError)
      expect(error.traceback).toContain('The above exception was the direct cause')
      expect(error.traceback).toContain("invalid literal for int() with base 10: 'x'")
      expect((error.cause as PythonError).frames.at(-1)?.source).toBe('int("x")')
      expect(await raised('in_context')).toMatchObject({
        type: 'KeyError',
        cause: { type: 'ValueError', message: 'first' },
      })
      const suppressed = await raised('suppressed')
      expect([suppressed.type, suppressed.message, suppressed.cause]).toEqual([
        'LookupError',
        'shown',
        undefined,
      ])
    })

    it('whose causes lead in a circle, or are hundreds, arrives', async () => {
      expect(await raised('cyclic_cause')).toMatchObject({
        message: 'first',
        cause: { message: 'second' },
      })
      let error: unknown = await raised('long_chain')
      let causes = 0
      for (; error instanceof PythonError; error = error.cause) causes++
      expect(causes).toBeGreaterThan(50)
    })

    it('has its notes', async () => {
      expect((await raised('noted')).notes).toEqual(['first note', 'second\nnote'])
    })

    it('that is a group has its members', async () => {
      const error = await raised('grouped')
      expect(error).toMatchObject({
        type: 'ExceptionGroup',
        message: expect.stringContaining('several (2 sub-exceptions)'),
      })
      expect(members(error).map((member) => [member.type, member.message])).toEqual([
        ['ValueError', 'one'],
        ['ExceptionGroup', 'inner (2 sub-exceptions)'],
      ])
      expect(members(members(error)[1]).map((member) => member.type)).toEqual([
        'TypeError',
        'FileNotFoundError',
      ])
      expect(error.errors?.[0]).toBeInstanceOf(PythonError)
      expect(error.cause).toMatchObject({ type: 'LookupError', message: 'why' })
    })

    it.each(['exits', 'interrupts', 'base'])(
      'that is no Exception (%s) belongs to its call',
      async (name) => {
        const types: Record<string, string> = {
          exits: 'SystemExit',
          interrupts: 'KeyboardInterrupt',
          base: 'Base',
        }
        expect(await raised(name)).toMatchObject({
          code: 'ERR_PYTHREADS_PYTHON',
          type: types[name],
        })
        expect(py.stats().replaced).toBe(0)
        expect(await py.eval('1 + 1')).toBe(2)
      },
    )

    it.each([
      ['Unprintable', 'Unprintable', /__str__ raised RuntimeError/],
      ['Unprintable2', 'Unprintable2', /__str__ raised RuntimeError/],
      ['Unreadable', 'Unreadable', /^Unreadable$/],
      ['Nameless', 'RuntimeError', /cannot be described/],
      ['Surrogate', 'Surrogate', /^a\0b \ud800 \u{1f600}$/u],
    ])('whose own methods misbehave arrives all the same: %s', async (name, type, message) => {
      const error = await raised('own', name)
      expect(error).toMatchObject({ type, message: expect.stringMatching(message) })
      expect(error.errors).toBe(undefined)
      expect(py.stats().replaced).toBe(0)
      expect(await py.eval('1 + 1')).toBe(2)
    })

    it('of endless recursion arrives', async () => {
      expect(await raised('recurses')).toMatchObject({ type: 'RecursionError' })
    })

    it('of wrong arguments is a TypeError', async () => {
      expect(await raised('value', 1, 2, 3)).toMatchObject({
        type: 'TypeError',
        code: 'ERR_PYTHREADS_PYTHON',
        frames: [],
      })
      const call = py.run('math:floor', [], { kwargs: { nothing: 1 } })
      await expect(call).rejects.toMatchObject({ type: 'TypeError' })
    })

    it('says of what is written in exec and eval which line it was', async () => {
      await py.exec`
        def fails(x):
            return 1 / x
      `
      const error: unknown = await py.eval`fails(${0})`.catch((reason: unknown) => reason)
      expect(error).toMatchObject({ type: 'ZeroDivisionError' })
      expect((error as PythonError).frames.at(-1)).toMatchObject({
        function: 'fails',
        line: 3,
        source: 'return 1 / x',
      })
      await expect(py.eval('1 +')).rejects.toMatchObject({
        type: 'SyntaxError',
        code: 'ERR_PYTHREADS_PYTHON',
      })
      await expect(py.exec('if x:\n')).rejects.toMatchObject({
        code: 'ERR_PYTHREADS_PYTHON',
        module: 'builtins',
      })
      await expect(py.eval('nothing')).rejects.toMatchObject({ type: 'NameError' })
    })

    it('is counted', async () => {
      await using one = await start(place, { workers: 1 })
      await one.eval('1')
      await one.eval('1 / 0').catch(() => {})
      expect(one.stats()).toMatchObject({ calls: 2, errors: 1, workers: [{ calls: 2, errors: 1 }] })
    })
  })
}

/** The members of a group, all of them Python's. */
function members(group: PythonError | undefined): readonly PythonError[] {
  return (group?.errors ?? []) as readonly PythonError[]
}

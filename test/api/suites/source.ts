import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Python } from '../../../src/index.ts'
import { refusal } from '../../support/outcome.ts'
import { type Placement, start } from '../../support/placement.ts'

/** `eval` and `exec`: expressions and statements, with values that are passed and never pasted. */
export function sourceSuite(place: Placement): void {
  describe('eval', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place)
    })
    afterAll(() => py.close())

    it('returns the value of an expression', async () => {
      expect(await py.eval('1 + 1')).toBe(2)
      expect(await py.eval`sum(${[1, 2, 3]})`).toBe(6)
      expect(await py.eval`${1} + ${2} * ${3}`).toBe(7)
      expect(await py.eval`[${'a'}, ${null}, ${{ b: [true] }}]`).toEqual(['a', null, { b: [true] }])
      expect(await py.eval('__import__("json").dumps([1])')).toBe('[1]')
    })

    it('passes values, whatever they contain', async () => {
      const nasty = `'); import os; os._exit(1) #"""\n\\`
      expect(await py.eval`${nasty}`).toBe(nasty)
      expect(await py.eval`len(${nasty}) + len("${'not a value'}")`).toBe(
        nasty.length + '_v1'.length,
      )
    })

    it('knows its values in comprehensions and lambdas', async () => {
      expect(await py.eval`[x + ${10} for x in ${[1, 2]} if x in ${new Set([2])}]`).toEqual([12])
      expect(await py.eval`[[x * y * ${2} for x in ${[1, 2]}] for y in ${[3, 4]}]`).toEqual([
        [6, 12],
        [8, 16],
      ])
      expect(await py.eval`(lambda x: x + ${5})(${1})`).toBe(6)
      expect(await py.eval`{k: ${1} for k in ${'ab'}}`).toEqual({ a: 1, b: 1 })
      expect(await py.eval`(y := ${4}) + y`).toBe(8)
    })

    it('does not mix up its values with names in the text', async () => {
      await py.exec('_v0 = "mine"')
      expect(await py.eval`[_v0, ${'passed'}]`).toEqual(['mine', 'passed'])
      expect(await py.eval`"_v" + ${'x'}`).toBe('_vx')
    })

    it('may stand over several lines, and be indented', async () => {
      expect(
        await py.eval`
        sum([
          ${1},
          ${2},
        ])
      `,
      ).toBe(3)
      expect(await py.eval('   1 + 1')).toBe(2)
    })

    it('sees nothing of the kernel, and leaves nothing behind', async () => {
      expect(
        await py.eval('sorted(name for name in globals() if not name.startswith("_"))'),
      ).not.toContain('marshal')
      await py.eval`[${1} for leaked in ${[1]}]`
      await expect(py.eval('leaked')).rejects.toMatchObject({ type: 'NameError' })
    })

    it('of a statement is a syntax error', async () => {
      for (const source of ['x = 1', 'import os', '', 'return 1']) {
        await expect(py.eval(source)).rejects.toMatchObject({ type: 'SyntaxError' })
      }
    })

    it('evaluates many different expressions', async () => {
      const all = Array.from({ length: 1100 }, (_, i) => i)
      expect(await Promise.all(all.map((i) => py.eval(`${i} + 1`)))).toEqual(all.map((i) => i + 1))
    })
  })

  describe('exec', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place, { workers: 3 })
    })
    afterAll(() => py.close())

    /** An expression in every worker. */
    async function everywhere(expression: string): Promise<unknown[]> {
      const file = new URL('../../python/calls.py', import.meta.url).pathname
      const busy = [0, 1, 2].map((worker) => py.run(`${file}:sleep`, [0.1], { worker }))
      const answers = Promise.all(
        Array.from({ length: 3 }, () =>
          py.eval(`[${expression}, __import__("time").sleep(0.1)][0]`),
        ),
      )
      await Promise.all(busy)
      return answers
    }

    it('defines what eval uses, in every worker', async () => {
      await py.exec`
        import math

        LIMIT = ${5}

        def area(r, unit=${'m'}):
            if r > LIMIT:
                return None
            return f"{math.floor(r * r)}{unit}"
      `
      expect(await everywhere('area(2)')).toEqual(['4m', '4m', '4m'])
      expect(await everywhere('area(LIMIT + 1)')).toEqual([null, null, null])
    })

    it('builds on what was executed before', async () => {
      await py.exec('base = [1]')
      await py.exec`more = base + ${[2]}`
      await py.exec('def last():\n  return more[-1]\n')
      expect(await everywhere('[more, last()]')).toEqual(Array(3).fill([[1, 2], 2]))
    })

    it('keeps the values of its template for functions that use them later', async () => {
      await py.exec`def first(): return ${'first'}`
      await py.exec`def second(): return ${'second'}`
      expect(await everywhere('[first(), second()]')).toEqual(Array(3).fill(['first', 'second']))
    })

    it('keeps the text as it is but for the indentation that all lines share', async () => {
      await py.exec`
          text = """a
            b
          c"""
          if True:
              nested = 1
      `
      expect(await py.eval('[text, nested]')).toEqual(['a\n  b\nc', 1])
      await py.exec('\tif True:\n\t\ttabbed = 1\n\telse:\n\t\ttabbed = 2')
      expect(await py.eval('tabbed')).toBe(1)
    })

    it('runs once an interpreter', async () => {
      await py.exec('runs = globals().get("runs", 0) + 1')
      expect(await everywhere('runs')).toEqual([1, 1, 1])
    })

    it('that fails rejects, and what came before it stays', async () => {
      await py.exec('kept = 1')
      await expect(py.exec('kept = 2\nraise ValueError("no")')).rejects.toMatchObject({
        type: 'ValueError',
        message: 'no',
      })
      expect(await everywhere('kept')).toEqual([2, 2, 2])
      expect(await refusal(() => py.exec`x = ${Symbol('x')}`)).toMatchObject({
        code: 'ERR_PYTHREADS_VALUE',
      })
    })

    it('of one pool is not seen by another', async () => {
      await py.exec('secret = 1')
      await using other = await start(place, { workers: 1 })
      await expect(other.eval('secret')).rejects.toMatchObject({ type: 'NameError' })
      await other.exec('secret = 2')
      expect(await Promise.all([py.eval('secret'), other.eval('secret')])).toEqual([1, 2])
    })
  })
}

// `npm start`: the question that pythreads began with, answered on one screen.
import { expect, it } from 'vitest'
import { runCli } from '../support/child.ts'
import { placements } from '../support/pythons.ts'
import { scaled } from '../support/scale.ts'

const inProcess = placements.filter(({ isolation }) => isolation !== 'process')

it.each(scaled(inProcess.slice(0, 1), inProcess))(
  'shows every answer, and that all are right, with the Python of $name',
  async ({ python }) => {
    const { code, stdout, stderr } = await runCli(['tour', '--python', python])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const answers = [...stdout.matchAll(/thread (\d+): \{"id": (\d+)\}/g)].map(
      ([, thread, id]) => [Number(thread), Number(id)] as const,
    )
    expect(answers).toHaveLength(100)
    expect(answers.filter(([thread, id]) => thread !== id)).toEqual([])
    expect(stdout).toMatch(/^ {2}thread .*x \d\.\d\d +x \d\.\d\d +all [\d,]+$/m)
    expect(stdout).toMatch(/^ {2}process .*all [\d,]+$/m)
    expect(stdout).toMatch(/Isolation 'auto' chooses (thread|subinterpreter|process) here/)
  },
)

/**
 * Test runners, with the packed package and their real packages: a pool leaves nothing open that
 * keeps a runner from ending, closed or not. A runner that hangs would end by the time limit here.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runNode } from '../support/child.ts'
import { projectWithPackage } from '../support/packed.ts'
import { Places } from '../support/places.ts'
import { pythons } from '../support/pythons.ts'
import { scaled } from '../support/scale.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())
const modules = fileURLToPath(new URL('../../node_modules', import.meta.url))
const python = pythons[0]?.executable ?? ''
const threads = pythons.find(({ isolations }) => isolations.includes('thread'))?.executable

const BODY = `
  expect(await py.run('math:sqrt', [16])).toBe(4)
  expect(py.sync.eval('1 + 1')).toBe(2)
  expect(await py.eval\`bytes(\${new Uint8Array(100_000)})\`).toHaveLength(100_000)
  const seen = []
  await py.eval\`list(map(\${(item) => void seen.push(item)}, [1, 2]))\`
  expect(seen).toEqual([1, 2])
  await expect(py.eval('1/0')).rejects.toThrow('division by zero')
  await expect(py.eval('1/0')).rejects.toBeInstanceOf(PythonError)
`

interface Pool {
  isolation: 'process' | 'thread'
  ends: 'closed' | 'left open'
}
const start = ({ isolation }: Pool) =>
  `Python.start(${JSON.stringify({ isolation, workers: 2, python: isolation === 'thread' ? threads : python })})`
const POOLS: Pool[] = (
  ['process', ...(threads === undefined ? [] : ['thread' as const])] as const
).flatMap((isolation) => (['closed', 'left open'] as const).map((ends) => ({ isolation, ends })))

describe('test runners', () => {
  let folder = ''
  beforeAll(() => {
    folder = projectWithPackage(places, 'project', { type: 'module' })
    for (const name of ['vitest', 'jest'])
      places.link(join('project', 'node_modules', name), join(modules, name))
  })

  const cases = (['forks', 'threads', 'vmThreads'] as const).flatMap((pool) =>
    POOLS.map((one) => ({ pool, ...one })),
  )
  const few = cases.filter(({ isolation, ends }) => isolation === 'process' && ends === 'left open')
  it.each(scaled(few, cases))(
    'vitest ends by itself with its pool $pool and workers in isolation $isolation that are $ends',
    async ({ pool, ...one }) => {
      const name = `${pool}-${one.isolation}-${one.ends}`.replace(' ', '-')
      places.file(
        `project/${name}/calls.test.mjs`,
        `import { afterAll, expect, it } from 'vitest'
import { Python, PythonError } from 'pythreads'
const py = await ${start(one)}
${one.ends === 'closed' ? 'afterAll(() => py.close())' : ''}
it('calls Python', async () => {${BODY}})`,
      )
      const args = ['run', '--dir', name, '--pool', pool, '--reporter=hanging-process']
      const { code, stdout, stderr } = await runNode(
        [join(folder, 'node_modules/vitest/vitest.mjs'), ...args, '--reporter=json'],
        { cwd: folder, env: { VITEST: '', CI: 'true' } },
      )
      expect(JSON.parse(stdout)).toMatchObject({ numPassedTests: 1, numFailedTests: 0 })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    },
  )

  it.each(scaled(POOLS.slice(1, 2), POOLS))(
    'jest finds no open handle of workers in isolation $isolation that are $ends',
    async (one) => {
      const name = `jest-${one.isolation}-${one.ends}`.replace(' ', '-')
      places.file(`project/${name}/package.json`, '{ "name": "in-jest" }')
      places.file(
        `project/${name}/calls.test.js`,
        `const { Python, PythonError } = require('pythreads')
let py
beforeAll(async () => { py = await ${start(one)} })
${one.ends === 'closed' ? 'afterAll(() => py.close())' : ''}
test('calls Python', async () => {${BODY}})`,
      )
      const args = ['--rootDir', name, '--ci', '--json', '--detectOpenHandles']
      const { code, stdout, stderr } = await runNode(
        [join(folder, 'node_modules/jest/bin/jest.js'), ...args],
        { cwd: folder },
      )
      expect(JSON.parse(stdout)).toMatchObject({ numPassedTests: 1, openHandles: [] })
      expect(stderr).not.toContain('did not exit')
      expect(code).toBe(0)
    },
  )
})

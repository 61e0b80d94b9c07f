/**
 * The first program of README.md, in an empty project of `npm init`, in each way that README.md
 * names, by this Node and by those of `scripts/nodes.sh`.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { projectWithPackage } from '../support/packed.ts'
import { Places } from '../support/places.ts'
import { pythons } from '../support/pythons.ts'
import { scaled } from '../support/scale.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const places = new Places()
afterAll(() => places[Symbol.dispose]())

const readme = readFileSync(join(root, 'README.md'), 'utf8')
const [, program = ''] = /```js\n(.*?)```/s.exec(readme) ?? []
const printed = [...program.matchAll(/\/\/ prints (.*)/g)].map(([, text]) => `${text}\n`).join('')

const [first = '', ...rest] = program.trim().split('\n')
const COMMONJS = [
  first.replace(/^import (.*) from (.*)$/, 'const $1 = require($2)'),
  'async function main() {',
  ...rest,
  '}',
  'main()',
].join('\n')

const tsx = createRequire(import.meta.url).resolve('tsx/cli')
const others = join(root, '.cache', 'nodes')
const nodes = [
  { name: 'this Node', node: process.execPath },
  ...(existsSync(others) ? readdirSync(others) : [])
    .filter((version) => /^\d+$/.test(version))
    .map((version) => {
      const program = `node_modules/node-${process.platform}-${process.arch}/bin/node`
      return { name: `Node ${version}`, node: join(others, version, program) }
    })
    .filter(({ node }) => existsSync(node)),
]
const stripsTypes = (node: string) =>
  execFileSync(node, ['-p', 'process.features.typescript'], { encoding: 'utf8' }).includes('strip')

const cases = nodes.flatMap(({ name, node }) => [
  { name, file: 'first.mjs', command: [node, 'first.mjs'] },
  { name, file: 'first.cjs', command: [node, 'first.cjs'] },
  { name: `${name} with tsx`, file: 'first.mts', command: [node, tsx, 'first.mts'] },
  ...(stripsTypes(node) ? [{ name, file: 'first.mts', command: [node, 'first.mts'] }] : []),
])

describe('the first program of README.md', () => {
  let folder = ''
  beforeAll(() => {
    folder = projectWithPackage(places, 'project', { name: 'project', type: 'commonjs' })
    for (const name of ['first.mjs', 'first.mts']) places.file(join('project', name), program)
    places.file('project/first.cjs', COMMONJS)
  })

  it('has a line that prints something', () => {
    expect(printed).toBe('2.5\n4\n')
  })

  const few = cases.filter(({ name }) => name.startsWith('this Node'))
  it.each(scaled(few, cases))(
    'prints what it says as $file, by $name',
    ({ command: [program = '', ...args] }) => {
      const { PATH, HOME } = process.env
      const env = { PATH, HOME, PYTHREADS_PYTHON: pythons[0]?.executable }
      expect(execFileSync(program, args, { cwd: folder, env, encoding: 'utf8' })).toBe(printed)
    },
  )
})

/**
 * An application packed as for Electron, by Electron's own `@electron/asar`. Electron itself is not
 * on npm, so Node runs the application with the name of Electron, and `app.asar` is a folder with
 * what the archive has: Electron shows JavaScript the archive like that, but not Python.
 */
import { existsSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, it } from 'vitest'
import { runNode } from '../support/child.ts'
import { npmPackages } from '../support/npm-packages.ts'
import { projectWithPackage } from '../support/packed.ts'
import { Places } from '../support/places.ts'
import { pythons } from '../support/pythons.ts'

const python = pythons[0]?.executable ?? ''

interface Asar {
  createPackageWithOptions(from: string, to: string, options: object): Promise<void>
  extractAll(archive: string, to: string): void
  listPackage(archive: string, options: { isPack: boolean }): string[]
}

const PRINTED = '2 shop 6 8 100000 2\nERR_PYTHREADS_ISOLATION_UNAVAILABLE\n'

/** The globs of docs/hosts.md. */
const UNPACKED = '**/{*.py,*.node}'

it.each([
  { kernel: 'the kernel of the package', unpack: UNPACKED, isThere: true },
  {
    kernel: 'the kernel within its JavaScript',
    unpack: '**/{python/**,single.py}',
    isThere: false,
  },
])('an application in app.asar calls its own files of Python by $kernel', async (one) => {
  using places = new Places()
  const modules = npmPackages({ '@electron/asar': '3.4.1' })
  const asar = createRequire(join(modules, 'x.js'))('@electron/asar') as Asar
  const app = projectWithPackage(places, 'app', { main: 'main.cjs' })
  places.file('app/python/rules.py', 'def score(event):\n    return len(event)\n')
  places.file('app/python/shop/__init__.py', 'NAME = "shop"\n')
  places.file('app/single.py', 'def twice(n):\n    return 2 * n\n')
  places.file(
    'app/main.cjs',
    `const { Python } = require('pythreads')
const { pathToFileURL } = require('node:url')
async function main() {
  const path = [__dirname + '/python']
  const py = await Python.start({ isolation: 'process', python: ${JSON.stringify(python)}, workers: 1, path })
  const single = pathToFileURL(__dirname + '/single.py')
  console.log(
    await py.run('rules:score', [[1, 2]]),
    await py.import('shop').NAME,
    await py.run(single.href + '#twice', [3]),
    await py.import(single).twice(4),
    (await py.eval\`bytes(\${new Uint8Array(100_000)})\`).length,
    py.sync.eval('1 + 1'),
  )
  const refused = await Python.start({ isolation: 'thread', python: ${JSON.stringify(python)} }).catch((error) => error.code)
  console.log(refused)
  await py.close()
}
main()`,
  )
  const archive = places.path('app.asar')
  await asar.createPackageWithOptions(app, archive, { unpack: one.unpack })
  expect(existsSync(`${archive}.unpacked/node_modules/pythreads/dist`)).toBe(one.isThere)

  // As JavaScript sees it in Electron; without the files that are not in the archive.
  const seen = places.path('resources', 'app.asar')
  asar.extractAll(archive, seen)
  for (const path of asar.listPackage(archive, { isPack: true })) {
    const [, state, name = ''] = /^(\w+) +: (.*)$/.exec(path) ?? []
    if (state === 'unpack' && /\.(py|node)$/.test(name)) rmSync(join(seen, name))
  }
  expect(existsSync(join(seen, 'single.py'))).toBe(false)
  places.link('resources/app.asar.unpacked', `${archive}.unpacked`)
  const electron = places.file(
    'electron.mjs',
    "Object.defineProperty(process.versions, 'electron', { value: '45.5.0' })",
  )
  const { code, stdout, stderr } = await runNode([
    '--import',
    pathToFileURL(electron).href,
    join(seen, 'main.cjs'),
  ])
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: PRINTED, stderr: '' })
})

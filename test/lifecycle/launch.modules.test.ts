/**
 * Why: the library is one file, so a module of Node that only the installation of packages needs
 * would be loaded by each program. They take milliseconds, as much as the rest of the library.
 */
import { expect, it } from 'vitest'
import { runCli, runNode } from '../support/child.ts'
import { Places } from '../support/places.ts'
import { placements } from '../support/pythons.ts'

const { python } = placements.find(({ isolation }) => isolation === 'process') ?? { python: '' }
/** Prints which of the modules that plain pools do without were loaded. */
const REPORT = `process.on('exit', () => console.error(process.moduleLoadList
  .filter((name) => /^NativeModule (https?|tls|zlib|crypto|_http_client|_tls_wrap)$/.test(name)).join()))`

it('a pool without dependencies loads no module for the network', async () => {
  using places = new Places()
  const report = places.file('report.cjs', REPORT)
  const program = `import { Python } from 'pythreads'
    const py = await Python.start({ python: ${JSON.stringify(python)}, isolation: 'process', workers: 1 })
    console.log(await py.eval('1 + 1'))
    await py.close()`
  const ended = await runNode(['-r', report, '--input-type=module', '-e', program])
  expect(ended).toMatchObject({ code: 0, stdout: '2\n', stderr: '\n' })
})

it('the command line loads none for a call without packages', async () => {
  using places = new Places()
  const report = places.file('report.cjs', REPORT)
  const env = { NODE_OPTIONS: `-r ${report}`, PYTHREADS_PYTHON: python }
  const ended = await runCli(['run', 'math:sqrt', '16'], { env })
  expect(ended).toMatchObject({ code: 0, stdout: '4.0\n', stderr: '\n' })
})

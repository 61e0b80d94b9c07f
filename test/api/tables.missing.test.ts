/** A Python without the packages for tables says which one is missing, and how to get it. */
import { tableFromArrays } from 'apache-arrow'
import { expect, it } from 'vitest'
import { fromArrow } from '../../src/arrow.ts'
import { refusal } from '../support/outcome.ts'
import { placement, start } from '../support/placement.ts'

it.each(['pyarrow', 'polars'] as const)('a table needs %s in Python', async (kind) => {
  await using py = await start(placement('process'), { env: { PATH: '/nowhere' } })
  await py.exec(`import sys; sys.modules[${JSON.stringify(kind)}] = None`)
  const table = fromArrow(tableFromArrays({ n: new Int32Array(1) }), kind)
  const missing = {
    code: 'ERR_PYTHREADS_VALUE',
    message: expect.stringContaining(`-m pip install ${kind}`),
  }
  expect(await refusal(() => py.run('builtins:len', [table]))).toMatchObject(missing)
  expect(await py.run('builtins:len', ['fine'])).toBe(4)
})

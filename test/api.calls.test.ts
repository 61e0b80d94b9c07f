import { describe, expect, it } from 'vitest'
import { Python } from '../src/index.ts'
import { placements } from './support/pythons.ts'

describe.each(placements.filter((place) => place.isolation === 'process'))('a call in $name', ({ isolation, python }) => {
  it('answers', async () => {
    await using py = await Python.start({ isolation, python, workers: 2 })
    expect(await py.run('json:dumps', [{ id: 1 }])).toBe('{"id": 1}')
  })
})

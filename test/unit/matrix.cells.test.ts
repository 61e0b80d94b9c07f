import { expect, it } from 'vitest'
import { allCells, cellsOfTurn, NODES, PYTHONS } from '../../scripts/matrix/cells.ts'
import { type CellResult, outcomeOf, tableOf } from '../../scripts/matrix/table.ts'

const text = ({ python, node }: { python: string; node: string }) => `${python} ${node}`

it.each([0, 1, 7, 1_234])('four turns from %i on take each cell of the matrix once', (turn) => {
  const taken = [0, 1, 2, 3].flatMap((later) => cellsOfTurn(turn + later))
  expect(taken.map(text).sort()).toEqual(allCells().map(text).sort())
})

it('a turn of the matrix takes each Python once and each Node equally often', () => {
  const cells = cellsOfTurn(5)
  expect(cells.map(({ python }) => python)).toEqual(PYTHONS)
  for (const node of NODES)
    expect(cells.filter((cell) => cell.node === node)).toHaveLength(PYTHONS.length / NODES.length)
})

const ran = (isolation: string, more = {}) => {
  const passed = ['numpy']
  return { isolation, python: '3.13.5', passed, failed: [], left: [], ...more }
}
const failed = [{ name: 'map', error: 'wrong' }]

it('a cell of the matrix passed only if an isolation ran and nothing failed', () => {
  const outcome = (...results: CellResult['results']) =>
    outcomeOf({ python: '3.13', node: '20', results })
  expect(outcome(ran('thread', { refused: 'no libpython' }), ran('process'))).toBe('passed')
  expect(outcome(ran('thread', { failed }), ran('process'))).toBe('failed')
  expect(outcome(ran('thread', { refused: 'no libpython' }))).toBe('failed')
  expect(outcome()).toBe('failed')
  expect(outcomeOf({ python: '3.13', node: '20', missing: 'Node 20', results: [] })).toBe(
    'not there',
  )
})

it('the table of the matrix shows what passed, what failed and what did not run', () => {
  const python = '3.13t'
  const cells: CellResult[] = [
    { python, node: '20', release: '20.1.0', results: [ran('thread'), ran('process')] },
    { python, node: '22', release: '22.1.0', results: [ran('thread', { failed })] },
    { python: '3.15', node: '20', missing: 'Python 3.15', results: [] },
  ]
  expect(tableOf(cells).split('\n')).toEqual([
    '| Python | isolations | numpy | Node 20.1.0 | Node 22.1.0 |',
    '| --- | --- | --- | --- | --- |',
    '| 3.13.5t | thread, process | yes | passed | **failed** (thread: map) |',
    '| 3.15 |  |  | not there | not run |',
  ])
})

import type { Table } from 'apache-arrow'
import type { Python, Remote } from 'pythreads'
import { fromArrow, toArrow } from 'pythreads/arrow'

declare const py: Python
interface Frame {
  head(rows?: number): Frame
}
const frame = await py.run<Remote<Frame>>('pandas:read_csv', ['a.csv'])
const table: Table = await toArrow(frame.head(3))
await py.run('report:total', [fromArrow(table, 'pandas')])

// A CSV file of orders through pandas or polars, and its summary as an Arrow table here:
//   npx tsx examples/table/report.ts --csv orders.csv [--with polars] [--python .venv] npx tsx
//   examples/table/report.ts --generate 100000 --csv orders.csv   writes such a file first, always
//   the same
import { createWriteStream } from 'node:fs'
import { resolve } from 'node:path'
import { finished } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { Python } from 'pythreads'
import { fromArrow, toArrow } from 'pythreads/arrow'

const CITIES = ['Bern', 'Oslo', 'Porto', 'Rome']

const { values } = parseArgs({
  options: {
    csv: { type: 'string', default: 'orders.csv' },
    generate: { type: 'string' },
    with: { type: 'string', default: 'pandas' },
    python: { type: 'string' },
  },
})

if (values.generate !== undefined) await generate(values.csv, Number(values.generate))

await using py = await Python.start({
  workers: 1,
  isolation: 'process',
  ...(values.python ? { python: values.python } : {}),
})
const orders = py.import(new URL('./orders.py', import.meta.url))
const summary = await toArrow(orders[`with_${values.with}`]?.(resolve(values.csv)))
const [city, month, count, amount] = ['city', 'month', 'orders', 'amount'].map((name) =>
  summary.getChild(name),
)
for (let row = 0; row < summary.numRows; row++) {
  console.log(
    `${city?.get(row)} ${month?.get(row)}: ${count?.get(row)} orders, ${amount?.get(row).toFixed(2)}`,
  )
}

// And back: as a DataFrame of pandas, whichever library it came from.
const reduced = await toArrow(orders['discount']?.(fromArrow(summary, 'pandas'), 10))
const total = (table: typeof summary) =>
  [...(table.getChild('amount') ?? [])].reduce((sum, value) => sum + value, 0)
console.log(`total ${total(summary).toFixed(2)}, after a discount ${total(reduced).toFixed(2)}`)

/** Writes orders that look like some, the same ones each time. */
async function generate(path: string, rows: number): Promise<void> {
  const file = createWriteStream(path)
  file.write('id,ordered,city,status,amount\n')
  let seed = 1
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  for (let id = 0; id < rows; id++) {
    const ordered = new Date(Date.UTC(2025, random(3), 1 + random(28))).toISOString().slice(0, 10)
    const status = random(10) === 0 ? 'open' : 'paid'
    file.write(
      `${id},${ordered},${CITIES[random(CITIES.length)]},${status},${(random(20_000) / 100).toFixed(2)}\n`,
    )
  }
  file.end()
  await finished(file)
}

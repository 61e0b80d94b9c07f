// What an editor shows where `^?` stands: short, with the names that the programmer gave.
import { kw, type Python, type Remote } from 'pythreads'
import type { Item, Shop } from './shop.js'

declare const py: Python
const lazy = py.import<Shop>('shop')
//    ^? const lazy: Importable<Remote<Shop>>
const shop: Remote<Shop> = await lazy
//    ^? const shop: Remote<Shop>
const item = await new shop.Item('tea')
//    ^? const item: Remote<Item>
const found = await shop.maybe('tea')
//    ^? const found: Remote<Item> | null
const all = await shop.all()
//    ^? const all: Remote<Item>[]
const rows = await shop.rows()
//    ^? const rows: Row[]
const table = await shop.table()
//    ^? const table: Map<string, Row>
const tuple = await shop.tuple()
//    ^? const tuple: [name: string, count: number, note?: string | undefined]
const ticks = await shop.ticks(3)
//    ^? const ticks: RemoteGenerator<number>
const made = await shop.factory()
//    ^? const made: Remote<(name: string) => Item>
const run = await py.run<Remote<Item>>('shop:make', ['tea'])
//    ^? const run: Remote<Item>
const name = item.name
//    ^? const name: RemoteMember<string>
const tax = shop.tax.eu.VAT
//    ^? const tax: RemoteMember<number>
const call = shop.one(1, 'a')
//                ^? (method) one(a: number, b?: string | Keywords<KeywordValues> | undefined): Promise<number> (+1 overload)
const keywords = shop.plain(1, 'a', kw({ c: 1 }))
//                    ^? (method) plain(a: number, b: string, keywords?: Keywords<KeywordValues> | undefined): Promise<boolean>
const json = await py.import('json').dumps([1])
//    ^? const json: unknown
const each = shop.each(async (one, index) => one.total(index))
//                            ^? (parameter) one: Remote<Item>
const here = py.sync.import<Shop>('shop')
//    ^? const here: SyncRemote<Shop>
const there = here.make('tea')
//    ^? const there: SyncRemote<Item>
const { LIMIT } = shop
//      ^? const LIMIT: RemoteMember<number>
export const used = [
  found,
  all,
  rows,
  table,
  tuple,
  ticks,
  made,
  run,
  name,
  tax,
  call,
  keywords,
  json,
  each,
  there,
  LIMIT,
]

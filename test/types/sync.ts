import {
  kw,
  type Operations,
  type Python,
  type PythonScalar,
  type Remote,
  type SyncGenerator,
  type SyncObject,
  type SyncOperations,
  type SyncRemote,
} from 'pythreads'
import { check, type Same } from './check.js'
import type { Basket, Counted, Item, Row, Shop } from './shop.js'

declare const py: Python
const shop = py.sync.import<Shop>(new URL('./shop.py', import.meta.url))
check<Same<typeof shop, SyncRemote<Shop>>>()
check<Same<keyof Operations, keyof SyncOperations>>()

const numbers = [
  shop.one(1),
  shop.one(1, 'a'),
  shop.one(1, kw({ b: 'a' })),
  shop.three(1, 'a', kw({ c: new Date() })),
  shop.rest(1, 2, kw({ start: 1 })),
  shop.LIMIT,
  shop.Item.count,
  shop.tax.eu.VAT,
  shop.tax.rate('at', kw({ year: 2020 })),
  shop.make('tea').total(1, kw({ discount: 1 })),
  shop.make('tea').parent.parent.price,
  shop.overloaded(1, 2),
]
check<Same<typeof numbers, number[]>>()
const text: string = shop.options({}, kw({ indent: 2 }))
const slept = [
  shop.coroutine(1),
  shop.overloaded('a'),
  shop.make('tea').name,
  shop.erased('a'),
] as const
check<Same<typeof slept, readonly [string, string, string, 'a']>>()
const items = [
  new shop.Item('tea'),
  shop.Item('tea', kw({ price: 1 })),
  shop.Item.parse('tea'),
  shop.make('tea'),
  shop.CURRENT,
]
check<Same<typeof items, SyncRemote<Item>[]>>()
const run = [
  py.sync.run<SyncRemote<Item>>('shop:make', ['a']),
  py.sync.eval<SyncRemote<Item>>`make(${'a'})`,
]
check<Same<typeof run, SyncRemote<Item>[]>>()
const results = [
  shop.all(),
  shop.pair(),
  shop.maybe('tea'),
  shop.later(),
  shop.rows(),
  shop.row(),
] as const
type Held = SyncRemote<Item>
check<
  Same<
    typeof results,
    readonly [Held[], [Held, number], Held | null, Held[], Row[], Row | undefined]
  >
>()
const constructed = [
  new shop.Two('a'),
  new shop.Two(1, 2),
  new shop.Decimal('1'),
  new shop.Counted(1),
] as const
check<
  Same<typeof constructed, readonly [Held, SyncRemote<Basket>, PythonScalar, SyncRemote<Counted>]>
>()
const generators = [shop.gen(), shop.iterator(), shop.ticks(3)] as const
check<Same<typeof generators, readonly [SyncGenerator<Held>, SyncGenerator<string>, SyncObject]>>()
for (const one of shop.gen()) check<Same<typeof one, Held>>()
for (const one of shop.basket()) check<Same<typeof one, Held>>()
for (const one of shop.iterable()) check<Same<typeof one, number>>()
for (const one of py.sync.run<SyncRemote<number[]>>('builtins:list'))
  check<Same<typeof one, number>>()
const tax = shop.tax
check<Same<typeof tax, SyncRemote<Shop['tax']>>>()
const item = shop.make('tea')
shop.buy(item, shop.CURRENT)
declare const held: Remote<Item>
shop.buy(held)
void py.import<Shop>('shop').buy(item)
shop.each((one, index) => one.total(index))
shop.log(console.log)
shop.sum([1])
shop.sum(new Set([1]))
item.$set('price', 3)
const fields = [
  item.toJS<Row>(),
  item.$get<string>('name'),
  item.$type(),
  item.$length(),
  item.$dir(),
] as const
check<Same<typeof fields, readonly [Row, string, string, number, string[]]>>()
{
  using one = shop.make('tea')
  void one
}
item.$dispose()
export const used = [text]

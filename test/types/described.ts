import {
  type Importable,
  kw,
  type NdArray,
  type Python,
  type PythonObject,
  type PythonScalar,
  type Remote,
  type RemoteGenerator,
  type RemoteMember,
  type RemoteObject,
  type RemoteReference,
} from 'pythreads'
import { check, type Same } from './check.js'
import type { Basket, Counted, Item, Row, Shop } from './shop.js'

declare const py: Python
declare const flag: boolean
const lazy = py.import<Shop>(new URL('./shop.py', import.meta.url), {
  signal: AbortSignal.timeout(1),
  copy: false,
})
check<Same<typeof lazy, Importable<Remote<Shop>>>>()
const shop: Remote<Shop> = lazy
check<Same<Awaited<typeof lazy>, Remote<Shop>>>()
const imported = await lazy
check<Same<typeof imported, Remote<Shop>>>()
const written = await py.module<Shop>('def plain(a, b): return True', 'shop')
check<Same<typeof written, Remote<Shop>>>()

// Keyword arguments in place of optional parameters, after any number of positional ones.
await shop.none()
await shop.none(kw({ verbose: true }))
await shop.plain(1, 'a')
await shop.plain(1, 'a', kw({ c: 1 }))
await shop.one(1)
await shop.one(1, 'a')
await shop.one(1, kw({ b: 'a' }))
await shop.one(1, 'a', kw({ c: 1 }))
await shop.three(1)
await shop.three(1, 'a', new Date())
await shop.three(1, undefined, new Date())
await shop.three(1, 'a', undefined)
await shop.three(1, kw({ b: 'a', c: new Date() }))
await shop.three(1, 'a', kw({ c: new Date() }))
await shop.three(1, 'a', new Date(), kw({ d: 1 }))
await shop.rest()
await shop.rest(1, 2, 3)
await shop.rest(kw({ start: 1 }))
await shop.rest(1, 2, 3, kw({ start: 1 }))
await shop.all_of()
await shop.all_of(1, 'a', kw({ b: 1 }))
await shop.any_of(1)
await shop.any_of(1, kw({ second: 'a' }))
await shop.any_of(1, 'a', 2, 3)
await shop.any_of(1, 'a', 2, 3, kw({ b: 1 }))
await shop.mixed('a')
await shop.mixed('a', kw({ b: 1 }))
await shop.mixed('a', 1, kw({ c: 1 }))
await shop.mixed('a', 1, 2n, 3n)
await shop.mixed('a', 1, 2n, 3n, kw({ c: 1 }))
interface Given {
  b: string
}
const given: Given = { b: 'a' }
check<Same<Awaited<ReturnType<typeof shop.one>>, number>>()
await shop.one(1, kw(given))
await shop.one(1, kw({}))

// Keyword arguments that are described.
await shop.options({})
await shop.options({}, kw({ indent: 2 }))
await shop.options({}, kw({ indent: 2, sort: true }))
await shop.named(kw({ id: 1 }))

// Overloads and generic functions.
const overloads = [
  await shop.overloaded('a'),
  await shop.overloaded(1),
  await shop.overloaded(1, 2),
  await shop.overloaded(1, kw({})),
] as const
check<Same<typeof overloads, readonly [string, number, number, number]>>()
const same = await shop.overloaded(await shop.make('tea'))
check<Same<typeof same, Remote<Item>>>()
const text: string = await shop.generic('a')
const row: Row = await shop.first([{ id: 1, label: null }])
const other = await shop.first([row], row)
check<Same<typeof other, Row>>()
const erased = await shop.erased(1)
check<Same<typeof erased, unknown>>()
const bounded = await shop.bounded('a')
check<Same<typeof bounded, string>>()
const anything = await shop.anything(1)
// biome-ignore lint/suspicious/noExplicitAny: what is declared as any stays so
check<Same<typeof anything, any>>()
const unknown_ = await shop.unknown(1)
check<Same<typeof unknown_, unknown>>()
const slept = await shop.coroutine(1)
check<Same<typeof slept, string>>()

// What crosses arrives as it is declared.
const crossed = [
  await shop.date(new Date()),
  await shop.bigint(1n),
  await shop.matrix({} as NdArray),
  await shop.nothing(),
] as const
check<Same<typeof crossed, readonly [Date, bigint, NdArray<'float64'>, null]>>()
const bytes: Uint8Array = await shop.bytes(Buffer.from('a'))
const floats: Float64Array = await shop.floats(py.alloc(Float64Array, 2))
const decimal = await shop.decimal({} as PythonScalar)
check<Same<typeof decimal, PythonScalar>>()
const containers = [
  await shop.rows(),
  await shop.table(),
  await shop.names(),
  await shop.record(),
] as const
check<
  Same<typeof containers, readonly [Row[], Map<string, Row>, Set<string>, Record<string, number>]>
>()
const tuples = [await shop.tuple(), await shop.frozen(), await shop.row()] as const
type Tuples = readonly [
  [name: string, count: number, note?: string],
  readonly [Row, ...number[]],
  Row | undefined,
]
check<Same<typeof tuples, Tuples>>()

// What stays in Python: classes, with and without `new`, and objects.
const item = await new shop.Item('tea', 2.5)
check<Same<typeof item, Remote<Item>>>()
const items = [
  await new shop.Item('tea'),
  await shop.Item('tea', kw({ price: 1 })),
  await new shop.Item('tea', 2, kw({ tags: [] })),
  await shop.Item.parse('tea'),
  await shop.make('tea'),
  await shop.made('tea'),
  await item.other(),
  await item.parent,
  await shop.CURRENT,
  await py.run<Remote<Item>>('shop:make', ['tea']),
  await py.eval<Remote<Item>>`make(${'tea'})`,
]
check<Same<typeof items, Remote<Item>[]>>()
const two = [await new shop.Two('a'), await new shop.Two(1, 2), await shop.Two('a')] as const
check<Same<typeof two, readonly [Remote<Item>, Remote<Basket>, Remote<Item>]>>()
const point = await new shop.Point(1, 2)
const x: number = await point.x
const scalar = [await new shop.Decimal('1'), await new shop.Text()] as const
check<Same<typeof scalar, readonly [PythonScalar, string]>>()
const counted = await new shop.Counted(1)
check<Same<typeof counted, Remote<Counted>>>()
const counts = [
  await counted.value,
  await counted.next_value(),
  await counted.next_value(kw({ step: 2 })),
  await shop.Counted.instances,
]
check<Same<typeof counts, number[]>>()
await shop.Counted.reset(kw({ to: 0 }))
const count: number = await shop.Item.count
const kinds: Remote<Shop['Item']> = await shop.Item
check<Same<Awaited<typeof shop.make>, Remote<Shop['make']>>>()
const results = [
  await shop.all(),
  await shop.pair(),
  await shop.maybe('tea'),
  await shop.later(),
] as const
check<
  Same<
    typeof results,
    readonly [Remote<Item>[], [Remote<Item>, number], Remote<Item> | null, Remote<Item>[]]
  >
>()
const makeItem = await shop.factory()
check<Same<typeof makeItem, Remote<(name: string) => Item>>>()
const itemOfFactory: Remote<Item> = await makeItem('tea', kw({ price: 1 }))
const Kind = await shop.kind()
const itemOfKind: Remote<Item> = await new Kind('tea')
const owner: Remote<Item> = (await shop.deep()).owner
const raw: RemoteObject = await shop.raw()
const total: number = await item.total(4)
const discounted: number = await item.total(4, kw({ discount: 0.5 }))
const parents: string = await item.parent.parent.parent.name
const similar = await item.similar
check<Same<typeof similar, Remote<Item> | null>>()
const tags: string[] = await item.tags
const tag = await item.tags.$item<string>(0)
const type: string = await item.$type()
await item.$set('price', 3)
const fields = await item.toJS<{ name: string }>()
check<Same<typeof fields, { name: string }>>()
item.$dispose()
{
  await using held = await shop.make('tea')
  using inner = await held.other()
  void inner
  const inside: number = (await (await shop.make('a')).$with((value: number) => value)) ?? 0
  void inside
}

// Modules in modules, and other attributes.
const vat: number = await shop.tax.eu.VAT
const codes: number = await shop.tax.eu.codes.$length()
const rate: number = await shop.tax.rate('at', kw({ year: 2020 }))
const tax = await shop.tax
check<Same<typeof tax, Remote<Shop['tax']>>>()
const eu = await shop.tax.eu
check<Same<typeof eu, Shop['tax']['eu']>>()
const { LIMIT, plain, Item: Made } = shop
check<Same<typeof LIMIT, RemoteMember<number>>>()
const limit: number = await LIMIT
const yes: boolean = await plain(1, 'a')
const [created, rates] = await Promise.all([shop.created, shop.RATES])
check<Same<[typeof created, typeof rates], [Date, number[]]>>()
await (await new Made('tea')).total(1)
await shop.$dir()

// Iterators.
const generators = [
  await shop.ticks(3),
  await shop.agen(),
  await shop.gen(),
  await shop.iterator(),
  await shop.generator(),
] as const
type Items = RemoteGenerator<Remote<Item>>
check<
  Same<
    typeof generators,
    readonly [
      RemoteGenerator<number>,
      RemoteGenerator<Row>,
      Items,
      RemoteGenerator<string>,
      RemoteGenerator<number>,
    ]
  >
>()
for await (const tick of await shop.ticks(3)) check<Same<typeof tick, number>>()
for await (const one of await shop.gen()) check<Same<typeof one, Remote<Item>>>()
for await (const one of (await shop.gen()).$iterate({ timeoutMs: 5 })) await one.total(1)
for await (const one of await shop.iterable()) check<Same<typeof one, number>>()
for await (const one of await shop.basket()) check<Same<typeof one, Remote<Item>>>()
for await (const one of await new shop.Ticks(3)) check<Same<typeof one, number>>()
for await (const one of py.map<Remote<Item>>('shop:make', ['a']))
  check<Same<typeof one, Remote<Item>>>()

// Arguments that stay in Python, callbacks and iterables.
await shop.buy(item)
await shop.buy(item, item, shop.CURRENT)
await shop.every([item, shop.CURRENT])
await shop.every(await shop.all(), kw({ note: 'a' }))
await shop.fill(await shop.basket())
await shop.subclass(shop.Item)
await shop.subclass(await shop.kind())
const bought: PythonObject<Item> = flag ? item : shop.CURRENT
const reference: RemoteReference<Item> = flag ? item : shop.CURRENT
await shop.buy(bought, reference)
await shop.each((one, index) => {
  check<Same<[typeof one, typeof index], [Remote<Item>, number]>>()
  return index
})
await shop.each(async (one) => one.total(1), kw({ limit: 3 }))
await shop.each(async (one, index) => (await one.total(index)) + 1, 3)
await shop.log(console.log)
await shop.log(async (line) => line.length)
await shop.log((line) => line.length)
await shop.log(await py.eval<Remote<(text: string) => void>>('print'))
await shop.sum([1, 2])
await shop.sum(new Set([1]))
await shop.sum(await shop.ticks(3))
await shop.sum(
  (async function* () {
    yield 1
  })(),
)
await shop.drain(await shop.gen())

// A type for values that stay in Python where they would cross otherwise.
const list = await py.run<Remote<number[]>>('builtins:list')
for await (const one of list) check<Same<typeof one, number>>()
await list.$length()
const fn = await py.eval<Remote<(a: number, b?: number) => number>>('add')
const sum: number = await fn(1, kw({ b: 2 }))

await using session = await py.session()
const inSession = session.import<Shop>('shop')
check<Same<typeof inSession, Importable<Remote<Shop>>>>()
await inSession.buy(
  await session.run<Remote<Item>>('shop:make', ['a']),
  await session.eval<Remote<Item>>('make("a")'),
)

export const used = [
  text,
  bytes,
  floats,
  x,
  count,
  kinds,
  itemOfFactory,
  itemOfKind,
  owner,
  raw,
  total,
  discounted,
  parents,
  tags,
  tag,
  type,
]
export const more = [vat, codes, rate, limit, yes, sum]

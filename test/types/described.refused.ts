import { type Keywords, kw, type Python, type Remote } from 'pythreads'
import type { Basket, Item, Row, Shop } from './shop.js'

declare const py: Python
const shop = py.import<Shop>('shop')
const item = await shop.make('tea')

// @ts-expect-error TS2551: there is no such function; did you mean `plain`?
void shop.plian(1, 'a')
// @ts-expect-error TS2554: it takes two arguments
void shop.plain(1)
// @ts-expect-error TS2554: it takes no more
void shop.plain(1, 'a', kw({}), 3)
// @ts-expect-error TS2345: a is a number
void shop.plain('a', 'b')
// @ts-expect-error TS2345: a is a number
void shop.one('a')
// @ts-expect-error TS2554|TS2555|TS2769: a is no optional parameter
void shop.one()
// @ts-expect-error TS2345|TS2769: a is no optional parameter, so it has to be there
void shop.one(kw({ b: 'a' }))
// @ts-expect-error TS2345: b is a string
void shop.one(1, 2)
// @ts-expect-error TS2345: nothing comes after keyword arguments
void shop.three(1, kw({ b: 'a' }), new Date())
// @ts-expect-error TS2345: there is one set of keyword arguments
void shop.three(1, kw({}), kw({}))
// @ts-expect-error TS2345|TS2769: the second one is a string
void shop.any_of(1, 2, 3)
// @ts-expect-error TS2769: the items are numbers
void shop.rest(1, 'a')
// @ts-expect-error TS2769: nothing comes after keyword arguments
void shop.rest(kw({}), 1)
// @ts-expect-error TS2345: an object with values is no keyword arguments
void shop.one(1, { values: { b: 'a' } })
// @ts-expect-error TS2345: keyword arguments are an object
kw([1])
// @ts-expect-error TS2345: keyword arguments are an object
kw(new Map([['a', 1]]))
// @ts-expect-error TS2345: keyword arguments are an object
kw('a')
// @ts-expect-error TS2345: keyword arguments are an object
kw(null)
// @ts-expect-error TS2561: did you mean `indent`?
void shop.options({}, kw({ indnt: 2 }))
// @ts-expect-error TS2322: indent is a number
void shop.options({}, kw({ indent: '2' }))
// @ts-expect-error TS2353: there is no such keyword argument
void shop.options({}, kw({ indent: 2, nothing: true }))
// @ts-expect-error TS2741|TS2345: id is no optional keyword argument
void shop.named(kw({}))
// @ts-expect-error TS2554: the keyword arguments are no optional ones
void shop.named()
// @ts-expect-error TS2769: no overload takes a boolean
void shop.overloaded(true)

// A result is a promise, and what stays in Python is no copy.
// @ts-expect-error TS2322: a call returns a promise
export const promised: number = item.total(1)
// @ts-expect-error TS2322: an attribute is awaited
export const attribute: string = item.name
// @ts-expect-error TS2740|TS2739|TS2322|TS2741|TS2375: it stays in Python
export const copied: Item = await shop.make('tea')
// @ts-expect-error TS2322: it is a string
export const name: number = await item.name
// @ts-expect-error TS18047|TS2531: there may be none
void (await shop.maybe('tea')).total(1)
// @ts-expect-error TS2339: an attribute that may be None is awaited before it is gone into
void item.similar.total(1)
// @ts-expect-error TS2339: an array in Python has no methods of JavaScript
void item.tags.push('a')
// @ts-expect-error TS2540: attributes are set by $set
item.price = 3
// @ts-expect-error TS2339: remote objects are no promises
void item.then
// @ts-expect-error TS2345: the constructor takes a name
void new shop.Item(1)
// @ts-expect-error TS2511|TS2351|TS2349: an abstract class has no instances
void new shop.Shape()
// @ts-expect-error TS2339: it is of the class, not of its instances
void item.parse
// @ts-expect-error TS18046|TS2571: a type parameter without a promise is lost
void (await shop.erased({ a: 1 })).a
// @ts-expect-error TS2504: it is no iterator
for await (const _ of await shop.make('tea')) void _
// @ts-expect-error TS2488|TS2495|TS2569: it is gone through by `for await`
for (const _ of await shop.ticks(3)) void _

declare const basket: Remote<Basket>
declare const row: Row
declare const plain: Item
// @ts-expect-error TS2345|TS2769: a basket is no item
void shop.buy(basket)
// @ts-expect-error TS2345|TS2769: a row is no item
void shop.buy(row)
// @ts-expect-error TS2345|TS2769: an object of JavaScript is no object of a class of Python
void shop.buy(plain)
// @ts-expect-error TS2345|TS2769: a promise is no item
void shop.buy(shop.make('tea'))
// @ts-expect-error TS2322|TS2769: the items are of that class
void shop.every([basket])
// @ts-expect-error TS2322|TS2345|TS2769: the callback returns a number
void shop.each((one) => one.name)
// @ts-expect-error TS2322|TS2345|TS2769: the callback returns the promise of a number
void shop.each(async () => 'a')
// @ts-expect-error TS2322|TS2345|TS2769: the callback gets a string
void shop.log((line: number) => line)
// @ts-expect-error TS2345: the items are numbers
void shop.sum(['a'])
// @ts-expect-error TS2345: the items are numbers
void shop.sum(await shop.iterator())
// @ts-expect-error TS2345|TS2769: an instance is no class
void shop.subclass(item)

declare const keywords: Keywords<{ id: string }>
// @ts-expect-error TS2345: id is a number
void shop.named(keywords)

declare const held: Remote<{ f(): number }>
// @ts-expect-error TS2739|TS2741|TS2740|TS2322: what is another class
export const wrong: Remote<Item> = held

import { kw, type Python } from 'pythreads'
import type { Shop } from './shop.js'

declare const py: Python
const shop = py.sync.import<Shop>('shop')
const item = shop.make('tea')

// @ts-expect-error TS2551: there is no such function
shop.plian(1, 'a')
// @ts-expect-error TS2345|TS2769: a is no optional parameter
shop.one(kw({ b: 'a' }))
// @ts-expect-error TS2561: did you mean `indent`?
shop.options({}, kw({ indnt: 2 }))
// @ts-expect-error TS2339: a sync call returns no promise
item.total(1).then
// @ts-expect-error TS2322: it is a string
export const name: number = item.name
// @ts-expect-error TS2540: attributes are set by $set
item.price = 3
// @ts-expect-error TS18047|TS2531: there may be none
shop.maybe('tea').total(1)
// @ts-expect-error TS2322|TS2345|TS2769: a promise in a sync call could never settle
shop.each(async () => 1)
// @ts-expect-error TS2345|TS2741: a sync call cannot go through what is asynchronous
shop.sum(await py.import<Shop>('shop').ticks(3))
// @ts-expect-error TS2345|TS2769: a row is no item
shop.buy({ id: 1, label: null })
// @ts-expect-error TS2345|TS2769: a promise is no item
shop.buy(py.import<Shop>('shop').make('tea'))
// @ts-expect-error TS2511|TS2351|TS2349: an abstract class has no instances
new shop.Shape()
// @ts-expect-error TS2769|TS2353|TS2345: sync calls take no signal
py.sync.run('shop:make', [], { signal: AbortSignal.timeout(1) })

// Descriptions that are written in other ways.
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { kw, type Python, type Remote, type RemoteMember } from 'pythreads'
import { check, type Same } from './check.js'
import type { Item } from './shop.js'

declare class Secret {
  private alsoHidden: number
  protected inner(): number
  shown(step?: number): Secret
}
interface Box<T> {
  get(or?: T): T
  readonly inside: T
}
type Id = string & { readonly brand: unique symbol }
enum Colour {
  Red = 1,
}
interface Odd {
  optional?(a: number, b?: string): number
  arrow: (a: number, b?: string) => number
  maybeFn: ((a: number) => number) | null
  each(visit?: (a: number, b?: string) => number, limit?: number): void
  either(value: Item | string): Item | string
  sooner(): Item | Promise<Item>
  id(value: Id): Id
  colour(value: Colour): Colour
  literal(value: 'a' | 'b', deep?: true): 'c' | 1
  box(): Box<number>
  nested(): Box<Item>
  secret(): Secret
  read(stream: Readable, other?: ReadableStream): number
  buffer(value: Buffer): Buffer
  error(): Error
  never(): never
  object(value: object): object
  union(...args: [a: string] | [b: number, c: boolean]): void
  readonly [Symbol.toStringTag]: string
  readonly 'with space': number
  then(a: number): number
  callable: { (a: number, b?: string): Item; readonly version: string }
}
declare const py: Python
const odd = py.import<Odd>('odd')
const numbers = [
  await odd.optional?.(1, kw({ b: 'a' })),
  await odd.arrow(1, kw({ b: 'a' })),
] as const
check<Same<typeof numbers, readonly [number | undefined, number]>>()
const fn = await odd.maybeFn
if (fn !== null) await fn(1)
await odd.each()
await odd.each(undefined, 3)
await odd.each((a, b = '') => a + b.length, kw({ limit: 3 }))
await odd.each(kw({ limit: 3 }))
const either = [
  await odd.either('a'),
  await odd.either(await odd.callable(1)),
  await odd.sooner(),
] as const
check<Same<typeof either, readonly [string | Remote<Item>, string | Remote<Item>, Remote<Item>]>>()
const ids = [
  await odd.id('a' as Id),
  await odd.colour(Colour.Red),
  await odd.literal('a', kw({ deep: true })),
] as const
check<Same<typeof ids, readonly [Id, Colour, 'c' | 1]>>()
const box = [
  await (await odd.box()).get(),
  await (await odd.nested()).get(await odd.callable(1)),
  await (await odd.nested()).inside,
] as const
check<Same<typeof box, readonly [number, Remote<Item>, Remote<Item>]>>()
const secret = await (await odd.secret()).shown(kw({ step: 1 }))
check<Same<typeof secret, Remote<Secret>>>()
await odd.read(Readable.from(['a']), new ReadableStream())
const plain = [await odd.buffer(Buffer.from('a')), await odd.error(), await odd.object({})] as const
check<Same<typeof plain, readonly [Buffer, Error, object]>>()
await odd.union('a')
await odd.union(1, true)
await odd.union(1, true, kw({}))
const spaced: RemoteMember<number> = odd['with space']
const version: string = await odd.callable.version
const imported = await odd
check<Same<typeof imported, Remote<Odd>>>()
export const used = [spaced, version]

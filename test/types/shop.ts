import type {
  Keywords,
  NdArray,
  PythonScalar,
  Remote,
  RemoteGenerator,
  RemoteObject,
} from 'pythreads'

/** A class of Python. */
export interface Item {
  readonly name: string
  price: number
  readonly parent: Item
  readonly similar: Item | null
  readonly tags: string[]
  note?: string
  total(count: number, discount?: number): number
  other(): Item
}

/** An object without methods. */
export interface Row {
  id: number
  label: string | null
}

/** Another class. */
export interface Basket extends Iterable<Item> {
  add(item: Item): void
}

/** A module with whatever a module can have. */
export interface Shop {
  // functions
  none(): void
  plain(a: number, b: string): boolean
  one(a: number, b?: string): number
  three(a: number, b?: string, c?: Date): number
  rest(...items: number[]): number
  all_of(...values: unknown[]): null
  any_of(first: number, second?: string, ...values: unknown[]): null
  mixed(a: string, b?: number, ...rest: bigint[]): string
  options(value: unknown, options?: Keywords<{ indent?: number; sort?: boolean }>): string
  named(options: Keywords<{ id: number }>): number
  coroutine(seconds: number): Promise<string>
  overloaded(value: string): string
  overloaded(value: number, digits?: number): number
  overloaded(value: Item): Item
  generic<T>(value: T): Promise<T>
  first<T extends object>(values: readonly T[], or?: T): Promise<T>
  erased<T>(value: T): T
  bounded<T extends string>(value: T): T
  // biome-ignore lint/suspicious/noExplicitAny: as in types that are made from those of Python
  anything(value: any): any
  unknown(value: unknown): unknown

  // what crosses
  date(when: Date): Date
  bigint(value: bigint): bigint
  bytes(data: Uint8Array): Uint8Array
  floats(data: Float64Array): Float64Array
  matrix(data: NdArray): NdArray<'float64'>
  decimal(value: PythonScalar): PythonScalar
  rows(): Row[]
  table(): Map<string, Row>
  names(): Set<string>
  record(): Record<string, number>
  tuple(): [name: string, count: number, note?: string]
  frozen(): readonly [Row, ...number[]]
  nothing(): null
  row(): Row | undefined

  // what stays in Python
  Item: {
    new (name: string, price?: number): Item
    readonly count: number
    parse(text: string): Item
  }
  Two: { new (a: string): Item; new (a: number, b: number): Basket }
  Point: new (x: number, y: number) => { readonly x: number; readonly y: number }
  Decimal: new (text: string) => PythonScalar
  Ticks: new (count: number) => AsyncIterable<number>
  Text: new () => string
  Shape: abstract new () => Item
  Counted: typeof Counted
  make(name: string): Item
  made(name: string): Remote<Item>
  all(): Item[]
  pair(): [Item, number]
  maybe(name: string): Item | null
  later(): Promise<Item[]>
  factory(): (name: string) => Item
  kind(): new (name: string) => Item
  basket(): Basket
  point(): Remote<{ readonly x: number }>
  deep(): { owner: Remote<Item>; rows: Row[] }
  raw(): RemoteObject

  // iterators
  ticks(count: number): AsyncIterable<number>
  agen(): AsyncGenerator<Row, void, unknown>
  gen(): Generator<Item, void, unknown>
  iterator(): Iterator<string>
  iterable(): Iterable<number>
  generator(): RemoteGenerator<number>

  // arguments
  buy(item: Item, ...more: Item[]): number
  every(items: readonly Item[], note?: string): number
  each(visit: (item: Item, index: number) => number, limit?: number): number[]
  log(write: (text: string) => void): void
  sum(values: Iterable<number>): number
  drain(values: AsyncIterable<Item>): number
  subclass(kind: new (name: string) => Item): boolean
  fill(basket: Basket): void

  // attributes
  readonly LIMIT: number
  readonly RATES: number[]
  readonly CURRENT: Item
  readonly created: Date
  readonly tax: {
    rate(country: string, year?: number): number
    readonly eu: { readonly VAT: number; readonly codes: string[] }
  }
}

export declare class Counted {
  static instances: number
  static reset(to?: number): void
  constructor(start: number)
  readonly value: number
  next_value(step?: number): number
}

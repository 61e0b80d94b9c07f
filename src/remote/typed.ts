import type { CallOptions } from '../options/index.ts'
import type { NdArray, PythonScalar } from '../wire/index.ts'
import type {
  Call,
  Callable,
  Class,
  Construct,
  ConstructorOverloads,
  GenericCall,
  Overloads,
} from './signatures.ts'
import type {
  FunctionMembers,
  Operations,
  RemoteLifetime,
  SyncLifetime,
  SyncObject,
  SyncOperations,
} from './types.ts'

/** Whether calls return promises. */
type Mode = 'async' | 'sync'

/**
 * An object that stays in Python, described by a TypeScript type: a module, an instance, a function
 * or a class.
 *
 * - Functions return promises. Keyword arguments ({@link kw}) may take the place of optional
 *   parameters.
 * - A class is called, with or without `new`, and returns `Remote` of its instance type.
 * - Any other attribute is awaited, or its attributes are used: {@link RemoteMember}.
 * - A result stays in Python when its type has methods, is a function or a class, or an array of
 *   these: it is `Remote` of that type. A generator, an iterator or an async iterable is a {@link
 *   RemoteGenerator}. Other results have the declared type; declare `Remote<Point>` where an object
 *   without methods stays in Python.
 * - A parameter whose type has methods takes what stays in Python. A callback may be `async`.
 * - Overloads are kept, up to eight. A generic function keeps its type parameters only if it
 *   returns a promise, `<T>(items: T[]) => Promise<T>`; otherwise they become `unknown`, or what
 *   they extend. A generic class loses them.
 *
 * @example
 * ```ts
 * interface Shop {
 *   Item: new (name: string, price: number) => Item
 *   cheapest(items: Item[], below?: number): Item
 * }
 * interface Item {
 *   name: string
 *   total(count: number): number
 * }
 * const shop = py.import<Shop>(new URL('./shop.py', import.meta.url))
 * const item = await new shop.Item('tea', 2.5) // Remote<Item>
 * await item.total(4) // number
 * await item.name // string
 * await shop.cheapest([item], kw({ below: 3 })) // Remote<Item>
 * const made = await py.run<Remote<Item>>('shop:make', ['tea'])
 * ```
 */
export type Remote<T> = RemoteReference<T> & RemoteIteration<T> & RemoteLifetime

/**
 * What stays in Python, described by a TypeScript type: an object that JavaScript holds ({@link
 * Remote}), or an attribute by its name ({@link RemoteMember}).
 */
export type RemoteReference<T> = Signatures<T, 'async'> & Members<T, 'async'> & Operations

/**
 * An attribute, described by a TypeScript type: await it to read its value, call it, or use its
 * attributes.
 */
export type RemoteMember<T> = RemoteReference<T> & PromiseLike<Returned<T, 'async'>>

/**
 * A generator, or another iterator, that stays in Python. `for await` iterates over it.
 *
 * @typeParam T - What an item arrives as.
 */
export interface RemoteGenerator<T> extends Operations, RemoteLifetime {
  /** Iterates over its items. Leaving the loop early closes a generator. */
  [Symbol.asyncIterator](): AsyncGenerator<T, void, undefined>
  /** Iterates with options for each step: a time limit, a signal. */
  $iterate(options?: CallOptions): AsyncGenerator<T, void, undefined>
}

/**
 * {@link Remote} for sync calls, which return values instead of promises. Reading an attribute
 * reads its value.
 */
export type SyncRemote<T> = Signatures<T, 'sync'> &
  Members<T, 'sync'> &
  SyncIteration<T> &
  SyncOperations &
  SyncLifetime

/** {@link RemoteGenerator} for sync calls. */
export interface SyncGenerator<T> extends SyncOperations, SyncLifetime {
  /** Iterates over its items. Leaving the loop early closes a generator. */
  [Symbol.iterator](): Generator<T, void, undefined>
}

/** The type of a parameter that takes what stays in Python. */
export type PythonObject<T> = RemoteReference<T> | SyncRemote<T>

/** Types of values that are copied, or that stand for a Python object already. */
type Copied =
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | undefined
  | readonly unknown[]
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | Date
  | ArrayBuffer
  | SharedArrayBuffer
  | ArrayBufferView
  | NdArray
  | PythonScalar
  | Known

/** Any type of an object that stays in Python: all of them have `$type`. */
interface Known {
  $type(): unknown
}

type IsMethod<F> = 0 extends 1 & F
  ? false
  : F extends Known
    ? false
    : F extends Callable
      ? true
      : false

/** Whether an object type has methods: then its values are instances of a Python class. */
type HasMethods<T> = true extends { [K in keyof T & string]-?: IsMethod<T[K]> }[keyof T & string]
  ? true
  : false

/** The type in which a result of type `R` arrives. */
type Returned<R, M extends Mode> = 0 extends 1 & R
  ? R
  : R extends readonly unknown[]
    ? { [I in keyof R]: Item<R[I], M> }
    : R extends Copied
      ? R
      : R extends AsyncIterator<infer I, unknown, never>
        ? Generated<I, 'async', M>
        : R extends Iterator<infer I, unknown, never>
          ? Generated<I, 'sync', M>
          : HasMethods<R> extends true
            ? Held<R, M>
            : R extends AsyncIterable<infer I>
              ? Generated<I, 'async', M>
              : R extends Iterable<infer I>
                ? Iterable<Item<I, M>> | (M extends 'async' ? AsyncIterable<Item<I, M>> : never)
                : Item<R, M>

/** Like {@link Returned}, for an item of a list: no deeper, as recursive types would never end. */
type Item<R, M extends Mode> = 0 extends 1 & R
  ? R
  : R extends Copied
    ? R
    : R extends Callable | Class
      ? Held<R, M>
      : R extends object
        ? HasMethods<R> extends true
          ? Held<R, M>
          : R
        : R

type Held<T, M extends Mode> = M extends 'sync' ? SyncRemote<T> : Remote<T>

/** A generator as a result. Sync calls cannot iterate an asynchronous generator. */
type Generated<I, Steps extends Mode, M extends Mode> = M extends 'async'
  ? RemoteGenerator<Item<I, M>>
  : Steps extends 'sync'
    ? SyncGenerator<Item<I, M>>
    : SyncObject

type Result<R, M extends Mode> = M extends 'sync'
  ? Returned<Awaited<R>, M>
  : Promise<Returned<Awaited<R>, M>>

/** The result of calling a class. */
type Instance<I, M extends Mode> = M extends 'sync' ? Made<I, M> : Promise<Made<I, M>>

type Made<I, M extends Mode> = 0 extends 1 & I
  ? I
  : I extends Copied | AnyIterator
    ? Returned<I, M>
    : Held<I, M>

type AnyIterator = Iterator<unknown, unknown, never> | AsyncIterator<unknown, unknown, never>

/** The type of the argument for a parameter of type `P`. */
type Argument<P, M extends Mode> = 0 extends 1 & P
  ? P
  : P extends readonly unknown[]
    ? { [I in keyof P]: ItemArgument<P[I], M> }
    : P extends Copied | Stream
      ? P
      : P extends AsyncIterator<infer I, unknown, never> | Iterator<infer I, unknown, never>
        ? Items<I, M>
        : HasMethods<P> extends true
          ? PythonObject<P>
          : P extends AsyncIterable<infer I> | Iterable<infer I>
            ? Items<I, M>
            : ItemArgument<P, M>

/** A Node stream or a web stream. */
type Stream = { pipe: Callable } | { getReader: Callable }

/** The iterables that Python can iterate. */
type Items<I, M extends Mode> =
  | Iterable<ItemArgument<I, M>>
  | (M extends 'async' ? AsyncIterable<ItemArgument<I, M>> : never)

type ItemArgument<P, M extends Mode> = 0 extends 1 & P
  ? P
  : P extends Copied
    ? P
    : P extends Class
      ? PythonObject<P>
      : P extends Callable
        ? Callback<P, M>
        : P extends object
          ? HasMethods<P> extends true
            ? PythonObject<P>
            : P
          : P

type Arguments<A extends readonly unknown[], M extends Mode> = { [I in keyof A]: Argument<A[I], M> }

/** A JavaScript function that Python calls. */
type Callback<F, M extends Mode> = F extends (...args: infer A) => infer R
  ? (
      ...args: Arrived<A, M>
    ) => M extends 'sync' ? Argument<R, M> : Awaitable<Argument<Awaited<R>, M>>
  : never

type Arrived<A extends readonly unknown[], M extends Mode> = { [I in keyof A]: Returned<A[I], M> }

// biome-ignore lint/suspicious/noConfusingVoidType: a function that returns `void` may return anything
type Awaitable<R> = [R] extends [void] ? R : R | PromiseLike<R>

/** The call and construct signatures for `T`. */
type Signatures<T, M extends Mode> = 0 extends 1 & T
  ? T
  : (T extends new (...args: never) => unknown ? Constructs<ConstructorOverloads<T>, M> : unknown) &
      (T extends Callable ? Calls<T, M> : unknown) &
      (T extends Class | Callable ? FunctionMembers<M> : unknown)

type Constructs<O, M extends Mode> = O extends readonly [
  readonly [infer A extends readonly unknown[], infer I],
  ...infer Rest,
]
  ? Construct<Arguments<A, M>, Instance<I, M>> & Constructs<Rest, M>
  : unknown

type Calls<F, M extends Mode> = F extends (...args: infer A) => infer R
  ? ((...args: A) => R) extends F
    ? Call<Arguments<A, M>, Result<R, M>>
    : Overloaded<F, Overloads<F>, A, R, M>
  : unknown

/**
 * The signatures of a function `F` with the overloads `O`. If `O` together are not `F`, then `F` is
 * generic. `A` and `R`: the arguments and the result of the last overload.
 */
type Overloaded<F, O, A extends readonly unknown[], R, M extends Mode> = AsDeclared<O> &
  Pick<F, keyof F> extends F
  ? EachCall<O, M>
  : M extends 'sync'
    ? R extends PromiseLike<unknown>
      ? EachCall<O, M>
      : GenericCall<F, A, R>
    : R extends PromiseLike<unknown>
      ? GenericCall<F, A, R>
      : EachCall<O, M>

type AsDeclared<O> = O extends readonly [
  readonly [infer A extends readonly unknown[], infer R],
  ...infer Rest,
]
  ? ((...args: A) => R) & AsDeclared<Rest>
  : unknown

type EachCall<O, M extends Mode> = O extends readonly [
  readonly [infer A extends readonly unknown[], infer R],
  ...infer Rest,
]
  ? Call<Arguments<A, M>, Result<R, M>> & EachCall<Rest, M>
  : unknown

/** The attributes of `T`. */
type Members<T, M extends Mode> = 0 extends 1 & T
  ? T
  : T extends Copied
    ? unknown
    : {
        readonly [K in keyof T as MemberName<K, T>]: M extends 'sync'
          ? Returned<T[K], M>
          : RemoteMember<T[K]>
      }

/**
 * Leaves out the names that are no Python attributes: operations, `then` and `toJSON`, and the
 * `prototype` of a JavaScript class.
 */
type MemberName<K, T> = K extends keyof Operations | 'then' | 'toJSON'
  ? never
  : K extends 'prototype'
    ? Unless<T, Class, K>
    : K & string

type Unless<T, Kind, K> = T extends Kind ? never : K

type RemoteIteration<T> = T extends AsyncIterable<infer I> | Iterable<infer I>
  ? Pick<RemoteGenerator<Item<I, 'async'>>, typeof Symbol.asyncIterator | '$iterate'>
  : unknown

type SyncIteration<T> =
  T extends Iterable<infer I>
    ? Pick<SyncGenerator<Item<I, 'sync'>>, typeof Symbol.iterator>
    : unknown

import type { CallOptions } from '../options/index.ts'
import type { Keywords } from './keywords.ts'

/** The names that every JavaScript function has: on something to call they are attributes of Python all the same. */
type FunctionMember = 'name' | 'length' | 'call' | 'apply' | 'bind' | 'toString' | 'arguments' | 'caller' | 'prototype'

/** Something in a Python module or object, of which nothing is known yet: call it, await its value, or go on to its attributes. */
export type RemoteAttribute = (<R = unknown>(...args: unknown[]) => Promise<R>) &
  (new (
    ...args: unknown[]
  ) => Promise<RemoteObject>) &
  PromiseLike<unknown> &
  Operations & { readonly [K in FunctionMember]: RemoteAttribute } & { readonly [name: string]: RemoteAttribute }

/** A Python module. Nothing is sent before something in it is called or awaited. */
export interface RemoteModule {
  readonly [name: string]: RemoteAttribute
}

/** A Python module whose contents are described by a TypeScript type: its functions return promises, its values are awaited. */
export type Remote<T> = {
  readonly [K in keyof T]: T[K] extends (...args: infer A) => infer R
    ? (...args: [...A, keywords?: Keywords]) => Promise<Awaited<R>>
    : PromiseLike<T[K]> & Remote<T[K]>
}

/** What can be done with a Python object besides calling it and reading its attributes. No Python name begins with `$`. */
export interface Operations {
  /** Copies it deeply: objects in it that have no plain form stay remote. @throws `ERR_PYTHREADS_VALUE` when it has none itself */
  toJS<R = unknown>(): Promise<R>
  /** An attribute by any name, also one that cannot be written after a dot here: `then`, `toJS`. */
  $get<R = unknown>(name: string): Promise<R>
  $set(name: string, value: unknown): Promise<null>
  $delete(name: string): Promise<null>
  /** `object[key]` */
  $item<R = unknown>(key: unknown): Promise<R>
  /** `object[key] = value` */
  $setItem(key: unknown, value: unknown): Promise<null>
  /** `del object[key]` */
  $deleteItem(key: unknown): Promise<null>
  /** `item in object` */
  $has(item: unknown): Promise<boolean>
  /** `len(object)` */
  $length(): Promise<number>
  /** A function of Python's module `operator`, with the object as its first operand: `$operate('add', 1)`. */
  $operate<R = unknown>(name: string, ...operands: unknown[]): Promise<R>
  /** `str(object)` */
  $str(): Promise<string>
  /** `repr(object)` */
  $repr(): Promise<string>
  /** The name of its class, `module:Class`. */
  $type(): Promise<string>
  /** `object == other` */
  $equals(other: unknown): Promise<boolean>
  /** `object is other` */
  $is(other: unknown): Promise<boolean>
  /** `isinstance(object, kind)` */
  $isInstance(kind: unknown): Promise<boolean>
  /** The bytes of an Arrow IPC stream with the contents of a table or a data frame; `toArrow` of `pythreads/arrow` reads them. */
  $arrow(): Promise<Uint8Array>
  /** `dir(object)` */
  $dir(): Promise<string[]>
}

/** What only an object has that JavaScript holds. */
export interface RemoteObjectOperations extends Operations {
  /**
   * Lets go of the object in Python; using it afterwards throws `ERR_PYTHREADS_OBJECT_RELEASED`. `using` and `await using` do
   * this too, and so does the garbage collector, sooner or later.
   */
  $dispose(): void
  /** Enters a context manager, to be left by `await using`. It does not learn of errors: use {@link $with} where it has to. */
  $enter<T = unknown>(): Promise<RemoteContext<T>>
  /** Runs `body` in a context manager, which learns of what it throws. `undefined` when the context swallowed that. */
  $with<T = unknown, R = unknown>(body: (value: T) => R): Promise<Awaited<R> | undefined>
  [Symbol.dispose](): void
  [Symbol.asyncDispose](): Promise<void>
  /** Goes through its items; leaving early closes a generator. Not there when the object cannot be iterated. */
  [Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined>
  /** Goes through its items, with options for each step: a time limit, a signal. Not there when it cannot be iterated. */
  $iterate<R = unknown>(options?: CallOptions): AsyncGenerator<R, void, undefined>
}

/**
 * An object that stays in Python, in the worker that made it: every use goes there. Attributes and methods are as those of a
 * module; passed as an argument it is the object itself.
 */
export type RemoteObject = (<R = unknown>(...args: unknown[]) => Promise<R>) &
  (new (
    ...args: unknown[]
  ) => Promise<RemoteObject>) &
  RemoteObjectOperations & { readonly [K in FunctionMember]: RemoteAttribute } & { readonly [name: string]: RemoteAttribute }

/** A context manager that was entered. */
export interface RemoteContext<T> extends AsyncDisposable {
  /** What entering it answered. */
  readonly value: T
}

/** Something in a Python module that is called, or gone into, at once. */
export type SyncAttribute = (<R = unknown>(...args: unknown[]) => R) &
  (new (
    ...args: unknown[]
  ) => SyncObject) &
  SyncOperations & { readonly [K in FunctionMember]: SyncAttribute } & { readonly [name: string]: SyncAttribute }

/** A Python module for sync calls. */
export interface SyncModule {
  readonly [name: string]: SyncAttribute
}

/** {@link Operations} whose answers are not waited for. */
export type SyncOperations = {
  readonly [K in keyof Operations]: Operations[K] extends (...args: infer A) => Promise<infer R> ? (...args: A) => R : never
}

/** An object that stays in Python, for sync calls. */
export type SyncObject = (<R = unknown>(...args: unknown[]) => R) &
  (new (
    ...args: unknown[]
  ) => SyncObject) &
  SyncOperations & {
    $dispose(): void
    [Symbol.dispose](): void
    /** Goes through its items; leaving early closes a generator. */
    [Symbol.iterator](): Generator<unknown, void, undefined>
  } & { readonly [K in FunctionMember]: SyncAttribute } & { readonly [name: string]: SyncAttribute }

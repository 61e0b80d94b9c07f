import type { CallOptions, CopyOptions } from '../options/index.ts'

/** An object with an index signature. Its type depends on `noUncheckedIndexedAccess`. */
declare const unknownNames: { readonly [name: string]: true }

/**
 * The type of an attribute that is not declared. The compiler option `noUncheckedIndexedAccess`
 * adds `undefined`, so every call would need a check; `any` absorbs the `undefined`. Without the
 * option, the type is `T`.
 */
// biome-ignore lint/suspicious/noExplicitAny: no other type can be called when `undefined` is added
type Named<T> = undefined extends typeof unknownNames.name ? any : T

/**
 * Names that every JavaScript function has. On a proxy that can be called, they are Python
 * attributes too.
 */
type FunctionMember =
  | 'name'
  | 'length'
  | 'call'
  | 'apply'
  | 'bind'
  | 'toString'
  | 'arguments'
  | 'caller'
  | 'prototype'

/** Python attributes with these names, for functions and classes that a type describes. */
export type FunctionMembers<Mode> = {
  readonly [K in FunctionMember]: Mode extends 'sync' ? SyncAttribute : RemoteAttribute
}

/**
 * An attribute of a module or an object without a declared type. Call it, with or without `new`;
 * await it to read its value; or use its attributes.
 */
export type RemoteAttribute = (<R = unknown>(...args: unknown[]) => Promise<R>) &
  (new (
    ...args: unknown[]
  ) => Promise<RemoteObject>) &
  PromiseLike<unknown> &
  Operations & { readonly [K in FunctionMember]: RemoteAttribute } & {
    readonly [name: string]: Named<RemoteAttribute>
  }

/**
 * A Python module without a declared type. Nothing is sent before an attribute is called or
 * awaited. With the compiler option `noUncheckedIndexedAccess` its attributes are `any`. Describe
 * the module by a type ({@link Remote}) to have it checked.
 *
 * @example
 * ```ts
 * const np = py.import('numpy')
 * const mean = await np.mean([1, 2, 6])
 * const pi = await np.pi
 * ```
 */
export type RemoteModule = Operations &
  RemoteLifetime & { readonly [name: string]: Named<RemoteAttribute> }

/**
 * A module as {@link Python.import} returns it. Awaited, it is imported.
 *
 * @typeParam Module - The type of the module: {@link RemoteModule} or {@link Remote}.
 */
export type Importable<Module> = Module & PromiseLike<Module>

/**
 * The operations on a Python object, besides calling it and reading its attributes. Their names
 * begin with `$`, as no Python name can. Each operation rejects with the errors of
 * {@link Python.run}, and with `ERR_PYTHREADS_OBJECT_RELEASED` after the object was released.
 */
export interface Operations {
  /**
   * Copies the object deeply, or to a depth. Objects in it without a plain form stay remote.
   *
   * @throws `ERR_PYTHREADS_VALUE` when the object itself has no plain form.
   */
  toJS<R = unknown>(options?: CopyOptions): Promise<R>
  /**
   * Reads an attribute: `getattr(object, name)`. For names that mean something else here: `then`,
   * `toJS`.
   */
  $get<R = unknown>(name: string): Promise<R>
  /** Sets an attribute: `setattr(object, name, value)`. */
  $set(name: string, value: unknown): Promise<null>
  /** Deletes an attribute: `delattr(object, name)`. */
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
  /**
   * Calls a function of Python's module `operator` with the object as its first operand:
   * `$operate('add', 1)`.
   */
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
  /**
   * Writes a table or a data frame as an Arrow IPC stream. {@link toArrow} of `pythreads/arrow`
   * reads it.
   */
  $arrow(): Promise<Uint8Array>
  /** `dir(object)` */
  $dir(): Promise<string[]>
}

/**
 * How the use of an object ends. JavaScript does not hold a module, so its `$dispose` does nothing.
 */
export interface RemoteLifetime {
  /**
   * Releases the object in Python; using it afterwards throws `ERR_PYTHREADS_OBJECT_RELEASED`.
   * `using` and `await using` call this, and the garbage collector does so some time.
   */
  $dispose(): void
  /**
   * Enters a context manager; `await using` leaves it at the end of the block. The context manager
   * does not get errors of the block: use {@link $with} where it has to.
   */
  $enter<T = unknown>(): Promise<RemoteContext<T>>
  /**
   * Enters a context manager, calls `body` with its value, and leaves it. The context manager gets
   * the error that `body` throws. Resolves with the result of `body`; with `undefined` when the
   * context manager suppressed the error.
   */
  $with<T = unknown, R = unknown>(body: (value: T) => R): Promise<Awaited<R> | undefined>
  [Symbol.dispose](): void
  [Symbol.asyncDispose](): Promise<void>
}

/** The operations of an object that JavaScript holds; modules and attributes have fewer. */
export interface RemoteObjectOperations extends Operations, RemoteLifetime {
  /**
   * Iterates over its items. Leaving the loop early closes a generator. There is none when the
   * object is not iterable.
   */
  [Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined>
  /**
   * Iterates with options for each step: a time limit, a signal. There is none when the object is
   * not iterable.
   */
  $iterate<R = unknown>(options?: CallOptions): AsyncGenerator<R, void, undefined>
}

/**
 * An object that stays in Python, in the worker that made it: every use goes there. Its attributes
 * and methods are used as those of a module. As an argument it is the object itself.
 *
 * @example
 * ```ts
 * const counter = await py.run<RemoteObject>('collections:Counter', ['banana'])
 * await counter.most_common(1) // [['a', 3]]
 * await counter.$length() // 3
 * ```
 */
export type RemoteObject = (<R = unknown>(...args: unknown[]) => Promise<R>) &
  (new (
    ...args: unknown[]
  ) => Promise<RemoteObject>) &
  RemoteObjectOperations & { readonly [K in FunctionMember]: RemoteAttribute } & {
    readonly [name: string]: Named<RemoteAttribute>
  }

/** A context manager that was entered. */
export interface RemoteContext<T> extends AsyncDisposable {
  /** The value that `__enter__` or `__aenter__` returned. */
  readonly value: T
}

/**
 * An attribute without a declared type, for sync calls: call it, with or without `new`, or use its
 * attributes.
 */
export type SyncAttribute = (<R = unknown>(...args: unknown[]) => R) &
  (new (
    ...args: unknown[]
  ) => SyncObject) &
  SyncOperations & { readonly [K in FunctionMember]: SyncAttribute } & {
    readonly [name: string]: Named<SyncAttribute>
  }

/** {@link RemoteModule} for sync calls: its functions return values instead of promises. */
export type SyncModule = SyncOperations &
  SyncLifetime & { readonly [name: string]: Named<SyncAttribute> }

/** {@link Operations} for sync calls: they return values instead of promises. */
export interface SyncOperations {
  /**
   * Copies the object deeply. Objects in it without a plain form stay remote.
   *
   * @throws `ERR_PYTHREADS_VALUE` when the object itself has no plain form.
   */
  toJS<R = unknown>(): R
  /**
   * Reads an attribute: `getattr(object, name)`. For names that mean something else here: `toJS`.
   */
  $get<R = unknown>(name: string): R
  /** Sets an attribute: `setattr(object, name, value)`. */
  $set(name: string, value: unknown): null
  /** Deletes an attribute: `delattr(object, name)`. */
  $delete(name: string): null
  /** `object[key]` */
  $item<R = unknown>(key: unknown): R
  /** `object[key] = value` */
  $setItem(key: unknown, value: unknown): null
  /** `del object[key]` */
  $deleteItem(key: unknown): null
  /** `item in object` */
  $has(item: unknown): boolean
  /** `len(object)` */
  $length(): number
  /** Calls a function of Python's module `operator` with the object as its first operand. */
  $operate<R = unknown>(name: string, ...operands: unknown[]): R
  /** `str(object)` */
  $str(): string
  /** `repr(object)` */
  $repr(): string
  /** The name of its class, `module:Class`. */
  $type(): string
  /** `object == other` */
  $equals(other: unknown): boolean
  /** `object is other` */
  $is(other: unknown): boolean
  /** `isinstance(object, kind)` */
  $isInstance(kind: unknown): boolean
  /** Writes a table or a data frame as an Arrow IPC stream. */
  $arrow(): Uint8Array
  /** `dir(object)` */
  $dir(): string[]
}

/** {@link RemoteLifetime} for sync calls. */
export interface SyncLifetime {
  /** Releases the object in Python; using it afterwards throws `ERR_PYTHREADS_OBJECT_RELEASED`. */
  $dispose(): void
  [Symbol.dispose](): void
}

/** {@link RemoteObject} for sync calls: its methods return values instead of promises. */
export type SyncObject = (<R = unknown>(...args: unknown[]) => R) &
  (new (
    ...args: unknown[]
  ) => SyncObject) &
  SyncOperations &
  SyncLifetime & {
    /** Iterates over its items. Leaving the loop early closes a generator. */
    [Symbol.iterator](): Generator<unknown, void, undefined>
  } & { readonly [K in FunctionMember]: SyncAttribute } & {
    readonly [name: string]: Named<SyncAttribute>
  }

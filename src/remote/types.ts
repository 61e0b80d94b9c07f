import type { CallOptions, CopyOptions } from '../options/index.ts'

/** An object whose names have no declared types. */
declare const unknownNames: { readonly [name: string]: true }

/**
 * The type of a name that is not declared. The compiler option `noUncheckedIndexedAccess` adds
 * `undefined` to it, so that every call would need a check; `any` absorbs the `undefined`. Without
 * the option it is `T`.
 */
// biome-ignore lint/suspicious/noExplicitAny: no other type can be called when `undefined` is added
type Named<T> = undefined extends typeof unknownNames.name ? any : T

/**
 * The names that every JavaScript function has: on something to call they are attributes of Python
 * all the same.
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

/** {@link FunctionMember} of something that is described by a type. */
export type FunctionMembers<Mode> = {
  readonly [K in FunctionMember]: Mode extends 'sync' ? SyncAttribute : RemoteAttribute
}

/**
 * Something in a Python module or object whose type is not known yet: call it, await its value, or
 * go on to its attributes.
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
 * A Python module without a declared type. Nothing is sent before something in it is called or
 * awaited. With the compiler option `noUncheckedIndexedAccess` what is in it is `any`; describe the
 * module by a type ({@link Remote}) to have it checked.
 */
export type RemoteModule = Operations &
  RemoteLifetime & { readonly [name: string]: Named<RemoteAttribute> }

/** A module as {@link Python.import} returns it: awaited, it is imported. */
export type Importable<Module> = Module & PromiseLike<Module>

/**
 * What can be done with a Python object besides calling it and reading its attributes. No Python
 * name begins with `$`. Each operation rejects with the errors of {@link Python.run}, and with
 * `ERR_PYTHREADS_OBJECT_RELEASED` after the object was released.
 */
export interface Operations {
  /**
   * Copies the object deeply, or to a depth. Objects in it that have no plain form stay remote.
   *
   * @throws `ERR_PYTHREADS_VALUE` when the object itself has no plain form.
   */
  toJS<R = unknown>(options?: CopyOptions): Promise<R>
  /** An attribute by any name, also one that cannot be written after a dot here: `then`, `toJS`. */
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
   * A function of Python's module `operator`, with the object as its first operand:
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
   * The bytes of an Arrow IPC stream with the contents of a table or a data frame; `toArrow` of
   * `pythreads/arrow` reads them.
   */
  $arrow(): Promise<Uint8Array>
  /** `dir(object)` */
  $dir(): Promise<string[]>
}

/**
 * What ends the use of an object that JavaScript holds. A module is not held: its `$dispose` does
 * nothing.
 */
export interface RemoteLifetime {
  /**
   * Releases the object in Python; using it afterwards throws `ERR_PYTHREADS_OBJECT_RELEASED`.
   * `using` and `await using` do this too, and so does the garbage collector, sooner or later.
   */
  $dispose(): void
  /**
   * Enters a context manager, to be left by `await using`. It does not learn of errors: use {@link
   * $with} where it has to.
   */
  $enter<T = unknown>(): Promise<RemoteContext<T>>
  /**
   * Runs `body` in a context manager, which learns of what it throws. `undefined` when the context
   * swallowed that.
   */
  $with<T = unknown, R = unknown>(body: (value: T) => R): Promise<Awaited<R> | undefined>
  [Symbol.dispose](): void
  [Symbol.asyncDispose](): Promise<void>
}

/** What only an object has that JavaScript holds. */
export interface RemoteObjectOperations extends Operations, RemoteLifetime {
  /**
   * Goes through its items; leaving early closes a generator. Not there when the object cannot be
   * iterated.
   */
  [Symbol.asyncIterator](): AsyncGenerator<unknown, void, undefined>
  /**
   * Goes through its items, with options for each step: a time limit, a signal. Not there when it
   * cannot be iterated.
   */
  $iterate<R = unknown>(options?: CallOptions): AsyncGenerator<R, void, undefined>
}

/**
 * An object that stays in Python, in the worker that made it: every use goes there. Attributes and
 * methods are as those of a module; passed as an argument it is the object itself.
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
  /** What `__enter__` or `__aenter__` returned. */
  readonly value: T
}

/** Something in a Python module that is called, or gone into, at once. */
export type SyncAttribute = (<R = unknown>(...args: unknown[]) => R) &
  (new (
    ...args: unknown[]
  ) => SyncObject) &
  SyncOperations & { readonly [K in FunctionMember]: SyncAttribute } & {
    readonly [name: string]: Named<SyncAttribute>
  }

/** {@link RemoteModule} for sync calls. */
export type SyncModule = SyncOperations &
  SyncLifetime & { readonly [name: string]: Named<SyncAttribute> }

/** {@link Operations} for sync calls: their results are not promises. */
export interface SyncOperations {
  /**
   * Copies the object deeply. Objects in it that have no plain form stay remote.
   *
   * @throws `ERR_PYTHREADS_VALUE` when the object itself has no plain form.
   */
  toJS<R = unknown>(): R
  /** An attribute by any name, also one that cannot be written after a dot here: `toJS`. */
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
  /** A function of Python's module `operator`, with the object as its first operand. */
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
  /** The bytes of an Arrow IPC stream with the contents of a table or a data frame. */
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

/** An object that stays in Python, for sync calls. */
export type SyncObject = (<R = unknown>(...args: unknown[]) => R) &
  (new (
    ...args: unknown[]
  ) => SyncObject) &
  SyncOperations &
  SyncLifetime & {
    /** Goes through its items; leaving early closes a generator. */
    [Symbol.iterator](): Generator<unknown, void, undefined>
  } & { readonly [K in FunctionMember]: SyncAttribute } & {
    readonly [name: string]: Named<SyncAttribute>
  }

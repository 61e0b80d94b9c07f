import type { Keywords } from './keywords.ts'

/** Something in a Python module, of which nothing is known yet: call it, await its value, or go on to its attributes. */
export type RemoteAttribute = (<R = unknown>(...args: unknown[]) => Promise<R>) &
  PromiseLike<unknown> & { readonly [name: string]: RemoteAttribute }

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

/** Something in a Python module that is called, or gone into, at once. */
export interface SyncAttribute {
  <R = unknown>(...args: unknown[]): R
  readonly [name: string]: SyncAttribute
}

/** A Python module for sync calls. */
export interface SyncModule {
  readonly [name: string]: SyncAttribute
}

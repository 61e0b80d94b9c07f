// What a scenario measures, whatever is behind it. A driver leaves out what its library does not
// offer.

/**
 * In one process with JavaScript, or in processes of its own. The best peer is the best of the same
 * kind.
 */
export type Kind = 'in-process' | 'out-of-process'

type Work = (...args: never[]) => unknown

/**
 * How a function of `work.py` is called through one library. What is bound once is bound outside of
 * what is measured.
 */
export interface Engine {
  /** Calls and waits on this thread. The result is a plain JavaScript value. */
  sync?(name: string): (...args: readonly unknown[]) => unknown
  /** Calls without waiting. The result is a plain JavaScript value. */
  call?(name: string): (...args: readonly unknown[]) => Promise<unknown>
  /** Sums doubles with numpy, the best way that the library has, on this thread or not. */
  totalSync?(array: Float64Array): number
  total?(array: Float64Array): Promise<number>
  /** An array that Python sees too. */
  alloc?(length: number): Float64Array
  /** Gets a numpy array of doubles, the best way that the library has. */
  doublesSync?(length: number): Float64Array
  doubles?(length: number): Promise<Float64Array>
  /** Calls a function for each item, in order. */
  map?(name: string, items: Iterable<number>): AsyncIterable<unknown>
  /** Iterates over what a function returns, a step at a time. */
  iterate?(name: string, ...args: readonly unknown[]): Promise<AsyncIterable<unknown>>
  /** Lets Python call back so many times. */
  callback?(callback: (x: number) => number, times: number): Promise<unknown>
  callbackSync?(callback: (x: number) => number, times: number): unknown
  /** Calls a coroutine function. */
  coroutine?(name: string): (...args: readonly unknown[]) => Promise<unknown>
  /**
   * Calls from so many JavaScript threads of their own for so long; answers their calls a second.
   */
  threads?(threads: number, ms: number, locked: boolean): Promise<number>
  close(): Promise<void> | void
}

/** What a driver is told. */
export interface DriverOptions {
  readonly workers: number
  /** The executable of the Python to use. */
  readonly python: string
}

/** One library, ready to be opened. */
export interface Driver {
  /** Loads the library, as a program that imports it does. */
  load(): Promise<(options: DriverOptions) => Promise<Engine>>
  /** How many workers it can have; not given: one. */
  readonly maxWorkers?: number
}

/** Thrown by a scenario for which the library has nothing. */
export class NotOffered extends Error {
  override readonly name = 'NotOffered'
}

export function offered<T extends Work>(engine: object, value: T | undefined, what: string): T {
  if (value === undefined) throw new NotOffered(`no ${what}`)
  return value.bind(engine) as T
}

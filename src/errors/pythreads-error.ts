import type { ErrorCode } from './codes.ts'

const BRAND: unique symbol = Symbol.for('pythreads.error')

/** What the constructor of {@link PythreadsError} takes besides its code and message. */
export interface PythreadsErrorOptions {
  /** The error that led to this one. */
  cause?: unknown
  /** Where in a value the problem is, e.g. `args[0].user.born`. */
  path?: string
}

/**
 * The base of every error that pythreads throws. Tell errors apart by `code`, never by message.
 * `instanceof` also holds for errors of another copy of the package.
 */
export class PythreadsError extends Error {
  static {
    Object.defineProperty(PythreadsError.prototype, 'name', { value: 'PythreadsError', configurable: true })
  }

  /** A stable code, one of `ERROR_CODES`. */
  readonly code: ErrorCode
  /** For values that cannot cross: the key path of the offender, e.g. `args[0].user.born`. */
  readonly path: string | undefined

  constructor(code: ErrorCode, message: string, options: PythreadsErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.path = options.path
    Object.defineProperty(this, 'path', { enumerable: options.path !== undefined })
    Object.defineProperty(this, BRAND, { value: this.brands() })
  }

  /** The class names that this error answers to, across package copies. */
  protected brands(): readonly string[] {
    return ['PythreadsError']
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, PythreadsError, value)
  }
}

function brandsOf(value: object): unknown {
  try {
    return Reflect.get(value, BRAND)
  } catch {
    return undefined // anything can be thrown, a proxy that refuses to be read too
  }
}

/** `instanceof` for a class of ours: by brand for the class itself, by prototype for classes that users derive from it. */
export function isInstance(asked: object, ours: { readonly name: string }, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (asked !== ours) return Object.prototype.isPrototypeOf.call(Reflect.get(asked, 'prototype'), value)
  const brands = brandsOf(value)
  return Array.isArray(brands) && brands.includes(ours.name)
}

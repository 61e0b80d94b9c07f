import type { ErrorCode } from './codes.ts'

const BRAND: unique symbol = Symbol.for('pythreads.error')

/** Functions that copy an error for another target, by the prototype of the error's class. */
const copiers = new Map<object, (error: never, target: string) => PythreadsError>()

/** What the constructor of {@link PythreadsError} takes besides its code and message. */
export interface PythreadsErrorOptions {
  /** The error that led to this one. */
  cause?: unknown
  /** Where in a value the problem is, e.g. `args[0].user.born`. */
  path?: string
  /** What was called, e.g. `json:dumps`. */
  target?: string | undefined
}

/**
 * The base of every error that pythreads throws. Tell errors apart by `code`, never by message.
 * `instanceof` also holds for errors of another copy of the package.
 */
export class PythreadsError extends Error {
  static {
    brand(PythreadsError, 'PythreadsError')
    registerCopier(PythreadsError, (error, target) => {
      const { code, message, path, cause } = error
      const rest = {
        ...('cause' in error ? { cause } : {}),
        ...(path === undefined ? {} : { path }),
      }
      return new PythreadsError(code, message, { ...rest, target })
    })
  }

  /** A stable code, one of {@link ERROR_CODES}. */
  readonly code: ErrorCode
  /**
   * What was called: `json:dumps`, `/srv/rules.py:score`; for an attribute of a remote object its
   * type and path (`Connection.execute`), for `eval` the expression, for `exec` and `module` the
   * file name that tracebacks have. `undefined` where no call was made.
   */
  declare readonly target: string | undefined
  readonly #path: string | undefined

  /** @internal */
  constructor(code: ErrorCode, message: string, options: PythreadsErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    if (options.target !== undefined) this.target = options.target
    this.#path = options.path
    if (options.path !== undefined) show(this, 'path', options.path)
  }

  /** For a value that cannot cross: where it is, e.g. `args[0].user.born`. */
  get path(): string | undefined {
    return this.#path
  }

  /** @internal */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return isInstance(this, PythreadsError, value)
  }
}

/** Registers how an error of a class is copied for another target. */
export function registerCopier<E extends PythreadsError>(
  type: { readonly prototype: E },
  copy: (error: E, target: string) => E,
): void {
  copiers.set(type.prototype, copy as (error: never, target: string) => PythreadsError)
}

/** Copies an error for a call of `target`; the copy keeps the stack. */
export function copyFor(error: PythreadsError, target: string): PythreadsError {
  let type: object | null = Object.getPrototypeOf(error)
  while (type !== null && !copiers.has(type)) type = Object.getPrototypeOf(type)
  const copy = copiers.get(type ?? PythreadsError.prototype) as (
    error: PythreadsError,
    target: string,
  ) => PythreadsError
  return Object.assign(copy(error, target), { stack: error.stack })
}

/**
 * Names a class of errors, and marks its instances with this name and those of its bases.
 * `instanceof` compares the marks, so it also holds for an error of another copy of the package.
 */
export function brand(type: { readonly prototype: object }, name: string): void {
  Object.defineProperty(type.prototype, 'name', { value: name, configurable: true })
  Object.defineProperty(type.prototype, BRAND, {
    value: [...((brandsOf(type.prototype) as string[] | undefined) ?? []), name],
  })
}

/**
 * Makes `console.log` show a property: getters of the class do not appear there. Only errors that
 * have something to show get the property, since each definition costs time.
 */
export function show(error: object, name: string, value: unknown): void {
  Object.defineProperty(error, name, { value, enumerable: true, configurable: true })
}

function brandsOf(value: object): unknown {
  try {
    return Reflect.get(value, BRAND)
  } catch {
    return undefined // a program may throw anything, even a proxy whose `get` throws
  }
}

/**
 * `instanceof` for a class of ours: by brand for the class itself, by prototype for classes that
 * users derive from it.
 */
export function isInstance(
  asked: object,
  ours: { readonly prototype: object },
  value: unknown,
): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (asked !== ours)
    return Object.prototype.isPrototypeOf.call(Reflect.get(asked, 'prototype'), value)
  const brands = brandsOf(value)
  // Not `ours.name`: bundlers and minifiers rename classes.
  return Array.isArray(brands) && brands.includes((brandsOf(ours.prototype) as string[]).at(-1))
}

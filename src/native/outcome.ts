/** An error that the main thread sends, as JSON. */
export interface PlainError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly errno?: number
  readonly syscall?: string
  readonly cause?: PlainError
}

/** The result of a task of the main thread, or its error, as JSON. */
export type Outcome<T> = { readonly value: T } | { readonly error: PlainError }

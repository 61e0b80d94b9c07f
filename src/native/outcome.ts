/** What the main thread sends for an error. */
export interface PlainError {
  readonly name: string
  readonly message: string
  readonly code?: string
  readonly errno?: number
  readonly syscall?: string
  readonly cause?: PlainError
}

/** What a task returns, as JSON, and what it throws. */
export type Outcome<T> = { readonly value: T } | { readonly error: PlainError }

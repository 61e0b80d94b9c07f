/**
 * Calls a listener of the program. An error that the listener throws becomes an uncaught exception
 * of the program, and does not reach the caller of this function.
 */
export function tellListener<T>(listener: (message: T) => unknown, message: T): void {
  try {
    listener(message)
  } catch (error) {
    process.nextTick(() => {
      throw error
    })
  }
}

/**
 * Tells a listener something. What it throws is the program's error: uncaught, and not that of
 * whoever tells it.
 */
export function tellListener<T>(listener: (told: T) => unknown, told: T): void {
  try {
    listener(told)
  } catch (error) {
    process.nextTick(() => {
      throw error
    })
  }
}

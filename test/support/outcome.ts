import { PythreadsError } from '../../src/index.ts'

/** Everything that an iterable gives. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/**
 * The error with which a call throws or rejects. @throws what is no `PythreadsError`, or when it
 * does neither
 */
export async function refusal(call: () => unknown): Promise<PythreadsError> {
  const error = await thrown(call)
  if (error instanceof PythreadsError) return error
  throw error
}

/** Whatever a call throws or rejects with. @throws when it does neither */
export async function thrown(call: () => unknown): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return error
  }
  throw new Error('It did not fail')
}

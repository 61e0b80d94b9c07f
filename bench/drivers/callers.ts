import type { Engine } from '../lib/engine.ts'

/** A child that takes calls by name, with values of JSON alone. */
export interface Caller {
  call(name: string, args: readonly unknown[]): Promise<unknown>
  close(): Promise<void>
}

/** Children that take turns. */
export function engineOfCallers(callers: readonly Caller[]): Engine {
  let turn = 0
  const call = async (name: string, args: readonly unknown[]) =>
    await callers[turn++ % callers.length]?.call(name, args)
  return {
    call:
      (name) =>
      (...args) =>
        call(name, args),
    total: async (array) => (await call('total_list', [[...array]])) as number,
    doubles: async (length) => Float64Array.from((await call('doubles', [length])) as number[]),
    close: async () => {
      await Promise.all(callers.map((caller) => caller.close()))
    },
  }
}

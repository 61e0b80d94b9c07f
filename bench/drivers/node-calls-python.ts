// node-calls-python: libpython in this process; `call` runs on libuv's threads. Typed arrays arrive
// as bytes, and bytes come back.
import { join } from 'node:path'
import type { Driver } from '../lib/engine.ts'
import { WORK_FOLDER } from '../lib/folders.ts'
import { requirePeer } from '../lib/peer.ts'

interface NodeCallsPython {
  readonly interpreter: {
    importSync(file: string): object
    call(module: object, name: string, ...args: readonly unknown[]): Promise<unknown>
    callSync(module: object, name: string, ...args: readonly unknown[]): unknown
  }
}

export const driver: Driver = {
  async load() {
    const { interpreter } = requirePeer<NodeCallsPython>('node-calls-python')
    return async () => {
      const work = interpreter.importSync(join(WORK_FOLDER, 'work.py'))
      const call = (name: string) =>
        plain((...args: readonly unknown[]) => interpreter.call(work, name, ...args))
      const sync =
        (name: string) =>
        (...args: readonly unknown[]) =>
          interpreter.callSync(work, name, ...args)
      return {
        sync,
        call,
        total: async (array) => (await call('total')(array)) as number,
        totalSync: (array) => sync('total')(array) as number,
        doubles: async (length) =>
          new Float64Array((await call('double_bytes')(length)) as ArrayBuffer),
        doublesSync: (length) => new Float64Array(sync('double_bytes')(length) as ArrayBuffer),
        callbackSync: (callback, times) => sync('times')(callback, times),
        close: () => {},
      }
    }
  },
}

/** It rejects with text. */
function plain<T extends readonly unknown[]>(
  call: (...args: T) => Promise<unknown>,
): (...args: T) => Promise<unknown> {
  return (...args) =>
    call(...args).catch((error: unknown) => {
      throw error instanceof Error ? error : new Error(String(error))
    })
}

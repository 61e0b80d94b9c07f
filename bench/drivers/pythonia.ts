// pythonia (JSPyBridge): one Python process; every access is a message. What is no scalar is a
// proxy until `valueOf`.
import { join } from 'node:path'
import type { Driver } from '../lib/engine.ts'
import { WORK_FOLDER } from '../lib/folders.ts'
import { requirePeer } from '../lib/peer.ts'

type Function = (...args: readonly unknown[]) => Promise<unknown>

interface Pythonia {
  readonly python: ((file: string) => Promise<Record<string, Function>>) & { exit(): void }
}

export const driver: Driver = {
  async load() {
    return async ({ python: executable }) => {
      process.env['PYTHON_BIN'] = executable // read as it is loaded, which starts Python
      const { python } = requirePeer<Pythonia>('pythonia')
      const work = await python(join(WORK_FOLDER, 'work.py'))
      const call =
        (name: string) =>
        async (...args: readonly unknown[]) => {
          const result = await work[name]?.(...args)
          return typeof result === 'object' || typeof result === 'function'
            ? await (result as object).valueOf()
            : result
        }
      return {
        call,
        total: async (array) => (await call('total_list')([...array])) as number,
        doubles: async (length) =>
          Float64Array.from((await call('double_list')(length)) as number[]),
        callback: async (callback, times) => await call('times')(callback, times),
        close: () => python.exit(),
      }
    }
  },
}

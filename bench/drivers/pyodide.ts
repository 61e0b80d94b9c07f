// pyodide: CPython in WebAssembly on this thread. Its numpy is on a server of its own, not on npm,
// and is not needed here: arrays are summed and made without numpy (`*_plain` in work.py).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Driver } from '../lib/engine.ts'
import { WORK_FOLDER } from '../lib/folders.ts'
import { requirePeer } from '../lib/peer.ts'

interface Proxy {
  toJs(options: object): unknown
  getBuffer(type: 'f64'): { readonly data: Float64Array; release(): void }
  destroy(): void
}

interface Pyodide {
  readonly FS: { writeFile(path: string, data: string): void }
  pyimport(module: string): Record<string, (...args: readonly unknown[]) => unknown>
  toPy(value: unknown): unknown
}

export const driver: Driver = {
  async load() {
    const { loadPyodide } = requirePeer<{ loadPyodide(options?: object): Promise<Pyodide> }>(
      'pyodide',
    )
    return async () => {
      const pyodide = await loadPyodide()
      pyodide.FS.writeFile(
        '/home/pyodide/work.py',
        readFileSync(join(WORK_FOLDER, 'work.py'), 'utf8'),
      )
      const work = pyodide.pyimport('work')
      const isProxy = (value: unknown): value is Proxy =>
        typeof (value as Proxy | undefined)?.toJs === 'function'
      const plain = (value: unknown) => {
        if (!isProxy(value)) return value
        const copy = value.toJs({ dict_converter: Object.fromEntries })
        value.destroy()
        return copy
      }
      const sync = (name: string) => {
        const target = work[name] as (...args: readonly unknown[]) => unknown
        return (...args: readonly unknown[]) =>
          plain(target(...args.map((arg) => pyodide.toPy(arg))))
      }
      const doublesOf = (value: unknown) => {
        const buffer = (value as Proxy).getBuffer('f64')
        const copy = buffer.data.slice()
        buffer.release()
        return copy
      }
      const total = (array: Float64Array) => sync('total_plain')(array) as number
      const doubles = (length: number) => doublesOf(work['doubles_plain']?.(length))
      const call = (name: string) => {
        const target = sync(name)
        return async (...args: readonly unknown[]) => target(...args)
      }
      return {
        sync,
        call,
        total: async (array) => total(array),
        totalSync: total,
        doubles: async (length) => doubles(length),
        doublesSync: doubles,
        callbackSync: (callback, times) => work['times']?.(callback, times),
        coroutine:
          (name) =>
          async (...args) =>
            plain(await work[name]?.(...args)),
        close: () => {},
      }
    }
  },
}

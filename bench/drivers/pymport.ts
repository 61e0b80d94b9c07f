// pymport: libpython in this process; `callAsync` runs on libuv's threads. What comes back is
// converted by `toJS`.
import type { Driver } from '../lib/engine.ts'
import { requirePeer } from '../lib/peer.ts'

interface PyObject {
  get(name: string): PyObject
  call(...args: readonly unknown[]): PyObject
  callAsync(...args: readonly unknown[]): Promise<PyObject>
  toJS(): unknown
}

interface Pymport {
  pymport(module: string): PyObject
  readonly PyObject: { memoryview(bytes: Buffer): PyObject; dict(value: object): PyObject }
}

export const driver: Driver = {
  async load() {
    const { pymport, PyObject } = requirePeer<Pymport>('pymport')
    return async () => {
      const work = pymport('work')
      const viewOf = (array: Float64Array) =>
        PyObject.memoryview(Buffer.from(array.buffer, array.byteOffset, array.byteLength))
      const [total, doubles, times] = [work.get('total'), work.get('doubles'), work.get('times')]
      const converted = (args: readonly unknown[]) =>
        args.map((arg) => (isPlain(arg) ? PyObject.dict(arg) : arg))
      return {
        sync: (name) => {
          const target = work.get(name)
          return (...args) => target.call(...converted(args)).toJS()
        },
        call: (name) => {
          const target = work.get(name)
          return async (...args) => (await target.callAsync(...converted(args))).toJS()
        },
        total: async (array) => (await total.callAsync(viewOf(array))).toJS() as number,
        totalSync: (array) => total.call(viewOf(array)).toJS() as number,
        doubles: async (length) => doublesOf((await doubles.callAsync(length)).toJS()),
        doublesSync: (length) => doublesOf(doubles.call(length).toJS()),
        callbackSync: (callback, count) =>
          times.call((x: PyObject) => callback(x.toJS() as number), count).toJS(),
        close: () => {},
      }
    }
  },
}

/** A plain object that comes last would be keyword arguments. */
function isPlain(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  )
}

function doublesOf(value: unknown): Float64Array {
  const { buffer, byteOffset, byteLength } = value as Buffer
  return new Float64Array(buffer as ArrayBuffer, byteOffset, byteLength / 8)
}

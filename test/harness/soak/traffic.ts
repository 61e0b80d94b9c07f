import { isDeepStrictEqual } from 'node:util'
import type { Python, RemoteObject } from '../../../src/index.ts'
import { PythonError, PythreadsError } from '../../../src/index.ts'

/**
 * What a soak does once; returns whether it came out right. `n`: a number that no other one has.
 */
export type Traffic = (py: Python, n: number) => boolean | Promise<boolean>

const add = (x: number) => x + 1

/** One of each kind of traffic, in every isolation. */
export const TRAFFIC: Readonly<Record<string, Traffic>> = {
  call: async (py, n) => (await py.run('soaking:echo', [n])) === n,
  value: async (py, n) => {
    const value = {
      n,
      list: [n, 'x', null, [1.5]],
      when: new Date(n),
      map: new Map([[n, new Set([n])]]),
      text: 'é'.repeat(n % 300),
    }
    return isDeepStrictEqual(await py.run('soaking:echo', [value]), value)
  },
  'large value': async (py, n) => {
    const records = Array.from({ length: 2_000 }, (_, id) => ({ id, name: `name ${id + n}` }))
    return (await py.run<unknown[]>('soaking:echo', [records])).length === records.length
  },
  'array both ways': async (py, n) => {
    const size = 1_000 + (n % 5) * 30_000
    const back = await py.run<Uint8Array>('soaking:twice', [new Uint8Array(size).fill(n % 100)])
    return back.length === size && back[0] === (n % 100) * 2
  },
  'allocated array': async (py, n) => {
    const array = py.alloc(Float64Array, 5_000)
    array.fill(n)
    return (await py.run('soaking:total', [array])) === n * 5_000
  },
  callback: async (py, n) => (await py.run('soaking:ask', [add, n])) === n + 1,
  'new function': async (py, n) =>
    (await py.run('soaking:ask', [async (x: number) => x + n, 1])) === n + 1,
  'iterator to Python': async (py, n) =>
    (await py.run('soaking:total', [[n, 1, 2].values()])) === n + 3,
  'iterator from Python': async (py, n) => {
    let sum = 0
    for await (const item of await py.run<RemoteObject>('soaking:count', [5 + (n % 3)])) {
      sum += item as number
      if (item === 4) break
    }
    return sum === 10
  },
  object: async (py, n) => {
    const point = await py.run<RemoteObject & { add(y: number): Promise<number> }>(
      'soaking:Point',
      [n],
    )
    const sum = await point.add(2)
    if (n % 2 === 0) point.$dispose() // the other half is left to the garbage collector
    return sum === n + 2
  },
  coroutine: async (py, n) => (await py.run('soaking:later', [n])) === n,
  session: async (py, n) => {
    const session = await py.session()
    await session.exec`value = ${n}`
    const right = (await session.eval('value + 1')) === n + 1
    await session.close()
    return right
  },
  cancellation: async (py, n) => {
    const options = n % 2 === 0 ? { timeoutMs: 20 } : { signal: AbortSignal.timeout(20) }
    return await ends(
      py.run('soaking:spin', [], options),
      n % 2 === 0 ? 'ERR_PYTHREADS_TIMEOUT' : 'ERR_PYTHREADS_ABORTED',
    )
  },
  exception: async (py, n) => {
    const error = await py.run('soaking:fails', [n]).catch((error: unknown) => error)
    return (
      error instanceof PythonError &&
      error.type === 'ValueError' &&
      error.cause instanceof PythonError &&
      error.stack !== ''
    )
  },
  'thrown error': async (py, n) => {
    const thrown = new Error(String(n))
    const error = await py
      .run('soaking:ask', [
        () => {
          throw thrown
        },
        n,
      ])
      .catch((error: unknown) => error)
    return error === thrown
  },
  'refused value': async (py) =>
    await ends(py.run('soaking:echo', [Symbol('none')]), 'ERR_PYTHREADS_VALUE'),
  map: async (py, n) => {
    let sum = 0
    for await (const value of py.map('soaking:echo', [n, 1, 2, 3], { chunk: 2 }))
      sum += value as number
    return sum === n + 6
  },
  output: async (py, n) => (await py.run('soaking:says', [n])) === n,
  sync: (py, n) => py.sync.run('soaking:echo', [n]) === n,
  'sync callback': (py, n) => py.sync.run('soaking:ask', [add, n]) === n + 1,
  'sync array': (py, n) =>
    py.sync.run<Uint8Array>('soaking:twice', [new Uint8Array(40_000).fill(n % 100)])[0] ===
    (n % 100) * 2,
}

/** Where workers are processes. Calls that a worker has which dies are rejected by that. */
export const DEATHS: Readonly<Record<string, Traffic>> = {
  'a worker that dies': async (py) =>
    await ends(py.run('soaking:dies', []), 'ERR_PYTHREADS_WORKER_DIED'),
}

async function ends(call: Promise<unknown>, code: string): Promise<boolean> {
  return await call.then(
    () => false,
    (error: unknown) => error instanceof PythreadsError && error.code === code,
  )
}

import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kw, type Python } from '../../../src/index.ts'
import { wasmMemory } from '../../fixtures/wasm-memory.ts'
import { ARRAYS, allReturned, areNumbers, numbers, SIZES, shared } from '../../support/arrays.ts'
import { runFixture } from '../../support/child.ts'
import { type Placement, start } from '../../support/placement.ts'

const kinds: readonly [
  name: string,
  format: string,
  items: number,
  make: (buffer: ArrayBuffer) => ArrayBufferView | ArrayBuffer,
][] = [
  ['Int8Array', 'b', 1, (buffer) => new Int8Array(buffer)],
  ['Uint8Array', 'B', 1, (buffer) => new Uint8Array(buffer)],
  ['Uint8ClampedArray', 'B', 1, (buffer) => new Uint8ClampedArray(buffer)],
  ['Int16Array', 'h', 2, (buffer) => new Int16Array(buffer)],
  ['Uint16Array', 'H', 2, (buffer) => new Uint16Array(buffer)],
  ['Int32Array', 'i', 4, (buffer) => new Int32Array(buffer)],
  ['Uint32Array', 'I', 4, (buffer) => new Uint32Array(buffer)],
  ['BigInt64Array', 'q', 8, (buffer) => new BigInt64Array(buffer)],
  ['BigUint64Array', 'Q', 8, (buffer) => new BigUint64Array(buffer)],
  ['Float32Array', 'f', 4, (buffer) => new Float32Array(buffer)],
  ['Float64Array', 'd', 8, (buffer) => new Float64Array(buffer)],
  ['Buffer', 'B', 1, (buffer) => Buffer.from(buffer)],
  ['DataView', 'B', 1, (buffer) => new DataView(buffer)],
  ['ArrayBuffer', 'B', 1, (buffer) => buffer],
]

/** Which memory Python sees: that of the array itself, or a copy. */
export function arrayMemorySuite(place: Placement): void {
  /** Whether Python sees any array of this thread, rather than only those of `alloc`. */
  const sees = place.isolation !== 'process'

  describe('an array as an argument', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place, { workers: 1 })
    })
    afterAll(() => py.close())

    it.each(kinds)('is a memoryview: %s, of format %s', async (_name, format, size, make) => {
      for (const length of [0, 8, 64, 40_000]) {
        const content = new Uint8Array(length).map((_, i) => i % 64) // no NaN
        const view = make(content.slice().buffer)
        const items = new DataView(content.buffer)
        const expected = Array.from({ length: length / size }, (_, i) =>
          item(items, format, i * size),
        )
        const facts = ['memoryview', format, size, [length / size]]
        expect(await py.run(`${ARRAYS}:facts`, [view])).toEqual([...facts, false, expected])
        expect(await py.run(`${ARRAYS}:facts`, [view], { readonly: true })).toEqual([
          ...facts,
          true,
          expected,
        ])
        expect(py.sync.run(`${ARRAYS}:facts`, [view])).toEqual([...facts, false, expected])
      }
    })

    it.each(SIZES)(`is ${sees ? 'the same memory' : 'a copy'}: %s numbers`, async (length) => {
      const array = numbers(length)
      await py.run(`${ARRAYS}:keep`, ['it', array])
      array[1] = 100
      expect(await py.run(`${ARRAYS}:read`, ['it', 1])).toBe(sees ? 100 : 1)
      await py.run(`${ARRAYS}:write`, ['it', length - 1, 200])
      expect(array[length - 1]).toBe(sees ? 200 : length - 1)
      await py.run(`${ARRAYS}:drop`, ['it'])
    })

    it.each(SIZES)('is the same memory when it was allocated: %s numbers', async (length) => {
      const array = py.alloc(Float64Array, length)
      expect(array).toBeInstanceOf(Float64Array)
      expect(array.every((x) => x === 0)).toBe(true)
      array.set(numbers(length))
      await py.run(`${ARRAYS}:keep`, ['it', array.subarray(1)])
      array[1] = 100
      expect(await py.run(`${ARRAYS}:read`, ['it', 0])).toBe(100)
      await py.run(`${ARRAYS}:write`, ['it', length - 2, 200])
      expect(array[length - 1]).toBe(200)
      expect(py.sync.run(`${ARRAYS}:write_to`, [[array], 0, 300])).toBeNull()
      expect(array[0]).toBe(300)
      await py.run(`${ARRAYS}:drop`, ['it'])
    })

    it('is zeros when it was allocated where another one was', async () => {
      const allocate = async (length: number) => {
        const array = py.alloc(Uint8Array, length)
        expect(array.every((byte) => byte === 0)).toBe(true)
        array.fill(255)
        await py.run(`${ARRAYS}:sums`, [array])
      }
      const before = await shared(py)
      for (let turn = 0; turn < 3; turn++) {
        for (const length of [5, 1_000, 100_001]) await allocate(length)
        await allReturned(py, before)
      }
    })

    it('may be a SharedArrayBuffer', async () => {
      for (const bytes of [16, 400_000]) {
        const buffer = new SharedArrayBuffer(bytes)
        const view = new Int32Array(buffer)
        view[1] = 7
        await py.run(`${ARRAYS}:keep`, ['it', view])
        view[1] = 8
        expect(await py.run(`${ARRAYS}:read`, ['it', 1])).toBe(sees ? 8 : 7)
        await py.run(`${ARRAYS}:write`, ['it', 2, 9])
        expect(Atomics.load(view, 2)).toBe(sees ? 9 : 0)
        await py.run(`${ARRAYS}:drop`, ['it'])
        expect(await py.run(`${ARRAYS}:sums`, [buffer])).toBe(sees ? 17 : 8)
      }
    })

    it("may be a part of Node's pool, and nothing else of the pool is touched", async () => {
      const before = Buffer.from('before')
      const middle = Buffer.from('abc')
      const after = Buffer.from('after')
      expect(middle.buffer.byteLength).toBeGreaterThan(3)
      await py.run(`${ARRAYS}:write_to`, [middle, 1, 120])
      expect(middle.toString()).toBe(sees ? 'axc' : 'abc')
      expect([before.toString(), after.toString()]).toEqual(['before', 'after'])
      expect(await py.run(`${ARRAYS}:facts`, [middle])).toMatchObject({ 3: [3] })
      expect(Buffer.from('usable').toString()).toBe('usable')
    })

    it('may be a part of an array', async () => {
      const array = numbers(20_000)
      for (const [from, to] of [
        [1, 3],
        [19_000, 20_000],
        [5, 15_000],
      ] as const) {
        const part = array.subarray(from, to)
        expect(await py.run(`${ARRAYS}:sums`, [part])).toBe(part.reduce((sum, x) => sum + x, 0))
        await py.run(`${ARRAYS}:write_to`, [part, 0, -1])
        expect(array[from]).toBe(sees ? -1 : from)
        expect([array[from - 1], array[to]]).toEqual([from - 1, to === 20_000 ? undefined : to])
        array[from] = from
      }
    })

    it('is a copy when its buffer can be resized', async () => {
      if (!('resize' in ArrayBuffer.prototype)) throw new Error('This Node has no such buffers')
      const Resizable = ArrayBuffer as unknown as new (
        bytes: number,
        options: object,
      ) => ArrayBuffer
      const buffer = new Resizable(40_000, { maxByteLength: 80_000 })
      const array = new Uint8Array(buffer).fill(1)
      await py.run(`${ARRAYS}:keep`, ['it', array])
      Reflect.apply(Reflect.get(buffer, 'resize') as () => void, buffer, [10])
      expect(await py.run(`${ARRAYS}:read`, ['it', 39_999])).toBe(1)
      await py.run(`${ARRAYS}:write`, ['it', 0, 5])
      expect(new Uint8Array(buffer)[0]).toBe(1)
      await py.run(`${ARRAYS}:drop`, ['it'])
    })

    it('keeps its memory while Python may see it: nothing transfers it', async () => {
      for (const array of [numbers(8), numbers(8_192), py.alloc(Float64Array, 10_000)]) {
        const expected = array.slice(0, 2)
        await py.run(`${ARRAYS}:keep`, ['it', array])
        const seen = sees || array.length === 10_000
        if (seen) transferInEveryWay(array.buffer as ArrayBuffer)
        expect(array.slice(0, 2)).toEqual(expected)
        await py.run(`${ARRAYS}:write`, ['it', 1, -1])
        expect(array[1]).toBe(seen ? -1 : expected[1])
        await py.run(`${ARRAYS}:drop`, ['it'])
      }
    })

    it('keeps its memory when it is the result of a call: nothing transfers it', async () => {
      for (const length of [SIZES[1] as number, SIZES[2] as number]) {
        const result = await py.run<Float64Array>(`${ARRAYS}:give`, ['it', length])
        transferInEveryWay(result.buffer as ArrayBuffer)
        expect(areNumbers(result)).toBe(true)
      }
    })

    it('may be the memory of WebAssembly, which grows', async () => {
      const memory = wasmMemory()
      const array = new Uint8Array(memory.buffer).fill(1)
      expect(await py.run(`${ARRAYS}:sums`, [array])).toBe(65_536)
      memory.grow(1)
      expect(await py.run(`${ARRAYS}:sums`, [new Uint8Array(memory.buffer)])).toBe(65_536)
    })

    it('cannot be written to when the call or the pool says so', async () => {
      const array = numbers(20_000)
      const error = { type: 'TypeError' }
      for (const options of [{ readonly: true }]) {
        await expect(
          py.run(`${ARRAYS}:write_to`, [[{ array }], 0, 9], options),
        ).rejects.toMatchObject(error)
        const remote = py.import<{ write_to(...args: unknown[]): Promise<null> }>(ARRAYS, options)
        await expect(remote.write_to(array, 0, 9)).rejects.toMatchObject(error)
      }
      await using readonly = await start(place, { workers: 1, readonly: true })
      await expect(readonly.run(`${ARRAYS}:write_to`, [array, 0, 9])).rejects.toMatchObject(error)
      expect(() => readonly.sync.run(`${ARRAYS}:write_to`, [array, 0, 9])).toThrow(
        expect.objectContaining(error),
      )
      await readonly.run(`${ARRAYS}:write_to`, [array, 1, 9], { readonly: false })
      expect([array[0], array[1]]).toEqual([0, sees ? 9 : 1])
    })

    it('is bytes where it is asked for, and where it is a key', async () => {
      const bytes = py.bytes(new Uint8Array([1, 2]))
      expect(await py.eval`[type(${bytes}).__name__, ${bytes} == b"\\1\\2"]`).toEqual([
        'bytes',
        true,
      ])
      const large = randomBytes(50_000)
      expect(await py.eval`(lambda b: [type(b).__name__, len(b)])(${py.bytes(large)})`).toEqual([
        'bytes',
        50_000,
      ])
      const keys = new Map<unknown, number>([[new Uint8Array([1]), 2]])
      expect(await py.eval`list(${keys})[0] == b"\\1"`).toBe(true)
      expect(await py.eval`${new Set([large])} == {${py.bytes(large)}}`).toBe(true)
      expect(await py.eval`type(list(${new Set([[large]])})[0][0]).__name__`).toBe('bytes')
    })
  })

  describe('an array within a value', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place, { workers: 1 })
    })
    afterAll(() => py.close())

    const places: Record<string, (array: Float64Array) => Promise<unknown>> = {
      list: (array) => py.run(`${ARRAYS}:write_to`, [[array], 1, 50]),
      dict: (array) => py.run(`${ARRAYS}:write_to`, [{ a: { b: array } }, 1, 50]),
      Map: (array) => py.run(`${ARRAYS}:write_to`, [new Map([[1, array]]), 1, 50]),
      kwargs: (array) =>
        py.run(`${ARRAYS}:write_to`, [], { kwargs: { value: [array], index: 1, item: 50 } }),
      kw: async (array) =>
        py.import(ARRAYS)['write_to']?.(kw({ value: array, index: 1, item: 50 })),
      'a large frame': (array) =>
        py.run(`${ARRAYS}:write_to`, [[array, 'x'.repeat(500_000)], 1, 50]),
      'a deep value': (array) => {
        let deep: unknown = [array]
        for (let i = 0; i < 3_000; i++) deep = [deep]
        return py.run(`${ARRAYS}:write_to`, [deep, 1, 50])
      },
      eval: (array) => py.eval`${array}.__setitem__(1, 50)`,
      exec: (array) => py.exec`${array}[1] = 50`,
      sync: async (array) => py.sync.run(`${ARRAYS}:write_to`, [[array], 1, 50]),
      'sync eval': async (array) => py.sync.eval`${array}.__setitem__(1, 50)`,
      session: async (array) => {
        await using session = await py.session()
        await session.import(ARRAYS)['write_to']?.([array], 1, 50)
      },
    }

    it.each(Object.keys(places))('is as it is alone: %s', async (name) => {
      for (const length of SIZES) {
        const [own, allocated] = [numbers(length), py.alloc(Float64Array, length)]
        await places[name]?.(own)
        await places[name]?.(allocated)
        expect([own[1], allocated[1]]).toEqual([sees ? 50 : 1, 50])
        expect(own[2]).toBe(2)
      }
    })

    it('is an item of a map', async () => {
      const arrays = Array.from({ length: 20 }, (_, i) => numbers(i * 1_000 + 1))
      const sums: unknown[] = []
      for await (const sum of py.map(`${ARRAYS}:sums`, arrays)) sums.push(sum)
      expect(sums).toEqual(arrays.map((array) => array.reduce((sum, x) => sum + x, 0)))
    })

    it('is what a function returns, and what it is called with', async () => {
      for (const length of SIZES) {
        const array = numbers(length)
        const items = Array.from(array)
        for (const call of [
          () => py.run(`${ARRAYS}:answer_of`, [() => array]),
          async () => py.sync.run(`${ARRAYS}:answer_of`, [() => array]),
        ]) {
          expect(await call()).toEqual(items)
          expect(array[0]).toBe(sees ? 77 : 0)
          array[0] = 0
        }
        const allocated = py.alloc(Float64Array, length)
        await py.run(`${ARRAYS}:answer_of`, [() => allocated])
        expect(allocated[0]).toBe(77)
        let seen: unknown
        const see = (value: Float64Array) => {
          seen = Array.from(value)
          value[0] = 99
          return value.length
        }
        const [answer, after] = await py.run<[number, number[]]>(`${ARRAYS}:call_with`, [
          see,
          items,
        ])
        expect([answer, seen]).toEqual([length, items])
        expect(after[0]).toBe(place.isolation === 'thread' ? 99 : 0)
      }
    })

    it('is what an iterable gives, and what a generator of Python gives', async () => {
      const arrays = [numbers(3), numbers(20_000), py.alloc(Float64Array, 10)]
      const total = arrays.flatMap((array) => [...array]).reduce((sum, x) => sum + x, 0)
      expect(await py.run(`${ARRAYS}:total_of`, [arrays.values()])).toBe(total)
      expect(arrays.map((array) => array[0])).toEqual([sees ? 77 : 0, sees ? 77 : 0, 77])
      const given: number[] = []
      for await (const array of (await py.run(`${ARRAYS}:generate`, [
        [0, 5, 20_000],
      ])) as AsyncIterable<Int32Array>) {
        expect(array).toBeInstanceOf(Int32Array)
        expect(array.every((x, i) => x === i)).toBe(true)
        given.push(array.length)
      }
      expect(given).toEqual([0, 5, 20_000])
    })

    it('is one array of Python when it comes several times', async () => {
      const array = numbers(20_000)
      expect(await py.run(`${ARRAYS}:sums`, [[array, array.subarray(1), array]])).toEqual(
        Array(3).fill(199_990_000),
      )
    })
  })

  describe('an array of a worker thread', () => {
    it('is a copy; where the thread makes no native calls, an allocated one too', async () => {
      const { isolation, python } = place
      const { code, stdout, stderr } = await runFixture('arrays-worker-thread', [
        JSON.stringify({ isolation, python, module: ARRAYS }),
      ])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      const allocated = process.platform === 'linux' ? [0, 0, 0] : [50, 50, 50]
      expect(JSON.parse(stdout)).toEqual({
        own: [1, 1, 1],
        allocated,
        results: [[0, 1, 2], 20_000],
        lent: 0,
      })
    })
  })
}

function item(view: DataView, format: string, at: number): number {
  if (format === 'b') return view.getInt8(at)
  if (format === 'h') return view.getInt16(at, true)
  if (format === 'H') return view.getUint16(at, true)
  if (format === 'i') return view.getInt32(at, true)
  if (format === 'I') return view.getUint32(at, true)
  if (format === 'q' || format === 'Q') {
    const big = view.getBigInt64(at, true)
    return (Number.isSafeInteger(Number(big)) ? Number(big) : big) as number
  }
  if (format === 'f') return view.getFloat32(at, true)
  return format === 'd' ? view.getFloat64(at, true) : view.getUint8(at)
}

/** Tries all that hands a buffer's memory over to another buffer; each either refuses or copies. */
function transferInEveryWay(buffer: ArrayBuffer): void {
  const channel = new MessageChannel()
  const moves: (() => unknown)[] = [
    () => channel.port1.postMessage(buffer, [buffer]),
    () => structuredClone(buffer, { transfer: [buffer] }),
  ]
  for (const name of ['transfer', 'transferToFixedLength', 'resize']) {
    const { [name]: own } = buffer as unknown as Record<string, () => unknown>
    const { [name]: inherited } = ArrayBuffer.prototype as unknown as Record<string, () => unknown>
    // Node 22 has no mark that stops the method of the prototype (src/memory/pin.ts).
    const methods = process.versions.node.startsWith('22.') ? [own] : [own, inherited]
    for (const move of methods)
      if (move !== undefined) moves.push(() => Reflect.apply(move, buffer, [8]))
  }
  const { byteLength } = buffer
  for (const move of moves) {
    try {
      move()
    } catch (error) {
      expect(['DataCloneError', 'TypeError']).toContain((error as Error).name)
    }
    expect(buffer.byteLength).toBe(byteLength)
  }
  channel.port1.close()
}

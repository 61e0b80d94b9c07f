import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type {
  CallOptions,
  Python,
  PythonOptions,
  PythreadsError,
  RemoteObject,
} from '../../../src/index.ts'
import { deferred } from '../../support/deferred.ts'
import { javaScriptHolds, pythonHolds } from '../../support/held.ts'
import { collect, refusal } from '../../support/outcome.ts'
import { file, type Placement, start } from '../../support/placement.ts'

const CANCELLED = file('cancelled.py').pathname
/** How often the event loop may turn before a call that is aborted is rejected. */
const AT_ONCE_TURNS = 3
/** A worker with this much patience never counts as stuck in a test. */
const PATIENT: PythonOptions = { workers: 1, graceMs: 600_000 }
/** One that is stuck soon. */
const IMPATIENT: PythonOptions = { workers: 1, graceMs: 200 }

const ABORTED = { code: 'ERR_PYTHREADS_ABORTED' }
const TIMEOUT = { code: 'ERR_PYTHREADS_TIMEOUT' }
const QUEUE_TIMEOUT = { code: 'ERR_PYTHREADS_QUEUE_TIMEOUT' }
const AT_REST = { running: 0, queued: 0, replaced: 0, wedged: 0 }

type Begin = (py: Python, begun: () => void, options: CallOptions) => Promise<unknown>

/** The ways to make a call that spins until it is interrupted. */
const WAYS: Record<string, Begin> = {
  run: (py, begun, options) => py.run(`${CANCELLED}:spins`, [begun], options),
  'a module imported with options': async (py, begun, options) =>
    py.import(file('cancelled.py'), options).spins?.(begun),
  'run of a session': async (py, begun, options) => {
    const session = await py.session()
    return session.run(`${CANCELLED}:spins`, [begun], options).finally(() => void session.close())
  },
  'a module of a session': async (py, begun, options) => {
    const session = await py.session()
    return Promise.resolve(session.import(CANCELLED, options).spins?.(begun)).finally(
      () => void session.close(),
    )
  },
  map: async (py, begun, { signal, timeoutMs }) =>
    collect(
      py.map(`${CANCELLED}:spins`, [begun], {
        ...(signal === undefined ? { timeoutMs } : { signal }),
      }),
    ),
}

/**
 * Waits until whatever was cancelled is over, and checks that nothing is left of it and that the
 * workers answer.
 */
async function expectRest(py: Python, stats: object = AT_REST): Promise<void> {
  await expect.poll(() => py.stats()).toMatchObject(stats)
  const numbers = Array.from({ length: 20 }, (_, i) => i)
  expect(await Promise.all(numbers.map((i) => py.run('builtins:abs', [-i])))).toEqual(numbers)
  await pythonHolds(py, 0)
  await javaScriptHolds(py, 0)
}

const takeNotes = (py: Python) => py.run<unknown[]>(`${CANCELLED}:take_notes`)

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** Makes a call, aborts it when it has begun, and returns its error, which has to come at once. */
async function abort(
  begin: (begun: () => void, signal: AbortSignal) => Promise<unknown>,
  reason?: unknown,
): Promise<PythreadsError> {
  const begun = deferred()
  const controller = new AbortController()
  const failed = refusal(() => begin(begun.resolve, controller.signal))
  await Promise.race([begun.promise, failed.then((error) => Promise.reject(error))])
  await sleep(10) // into what comes behind
  controller.abort(reason)
  const soon = turns(AT_ONCE_TURNS).then(() =>
    Promise.reject(new Error('the call was not rejected at once')),
  )
  return Promise.race([failed, soon])
}

/**
 * `signal`, `timeoutMs`, `queueTimeoutMs`, and what becomes of calls that nobody waits for any
 * more.
 */
export function cancellationSuite(place: Placement): void {
  describe('cancellation', () => {
    interrupting(place)
    optionsOfCalls(place)
    callsThatHaveNotBegun(place)
    callbacks(place)
    coroutines(place)
    iterating(place)
    workersThatAreStuck(place)
  })
}

function interrupting(place: Placement): void {
  describe('of Python code', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place, PATIENT)
    })
    afterAll(() => py.destroy())
    beforeEach(() => takeNotes(py))

    it.each(Object.keys(WAYS))(
      '%s: a signal interrupts it, and what cleans up runs',
      async (way) => {
        const reason = new Error('enough')
        const error = await abort(
          (begun, signal) => (WAYS[way] as Begin)(py, begun, { signal }),
          reason,
        )
        expect(error).toMatchObject({ ...ABORTED, cause: reason })
        expect(await takeNotes(py)).toEqual(['with', 'finally'])
        await expectRest(py)
      },
    )

    it.each(Object.keys(WAYS))(
      '%s: its time limit interrupts it, and what cleans up runs',
      async (way) => {
        const error = await refusal(() => (WAYS[way] as Begin)(py, () => {}, { timeoutMs: 200 }))
        expect(error).toMatchObject(TIMEOUT)
        expect(error.cause).toBeUndefined()
        expect(await takeNotes(py)).toEqual(['with', 'finally'])
        await expectRest(py)
      },
    )

    it('without a reason of its own the cause is that of an AbortController', async () => {
      const { cause } = await abort((begun, signal) =>
        py.run(`${CANCELLED}:spins`, [begun], { signal }),
      )
      expect(cause).toMatchObject({ name: 'AbortError' })
      const late = await refusal(() =>
        py.run(`${CANCELLED}:spin`, [], { signal: AbortSignal.timeout(100) }),
      )
      expect(late).toMatchObject({ ...ABORTED, cause: { name: 'TimeoutError' } })
      await expectRest(py)
    })

    it('a call is interrupted again and again, and calls in between return', async () => {
      for (let i = 0; i < 30; i++) {
        await abort((begun, signal) => py.run(`${CANCELLED}:spins`, [begun], { signal }))
        expect(await py.run(`${CANCELLED}:note`, [i])).toBe(i)
        expect(await takeNotes(py)).toEqual(['with', 'finally', i])
      }
      await expectRest(py)
    })

    // Workers of other isolations import in an interpreter each.
    if (place.isolation === 'thread')
      it('an import that its error needs is not left locked', async () => {
        await using own = await start(place, { workers: 2, graceMs: 600_000 })
        const slow = await own.run<RemoteObject>(`${CANCELLED}:slow_down`, [
          'pythreads_kernel.tracebacks',
          0.3,
        ])
        const both = AbortSignal.timeout(100)
        // One imports it, the other one waits for that.
        const failing = [0, 1].map(() =>
          refusal(() => own.run('json:loads', ['{'], { signal: both })),
        )
        for (const error of await Promise.all(failing)) expect(error).toMatchObject(ABORTED)
        for (const worker of [0, 1]) {
          expect(
            await refusal(() => own.run('json:loads', ['{'], { worker, timeoutMs: 10_000 })),
          ).toMatchObject({
            type: 'JSONDecodeError',
          })
        }
        await slow.stop?.()
      })

    it('what cleans up runs to its end, however long that takes', async () => {
      await abort((begun, signal) => py.run(`${CANCELLED}:cleans_up_for`, [begun, 0.3], { signal }))
      expect(await takeNotes(py)).toEqual(['cleaned'])
      await expectRest(py)
    })

    it('what cleans up is not interrupted again when this thread hears late that the call was interrupted', async () => {
      const begun = deferred()
      const controller = new AbortController()
      const failed = refusal(() =>
        py.run(`${CANCELLED}:cleans_up_for`, [begun.resolve, 0.5], { signal: controller.signal }),
      )
      await begun.promise
      // timers come next, and only then what Python says
      await new Promise((resolve) => setImmediate(resolve))
      controller.abort()
      for (const end = performance.now() + 150; performance.now() < end; );
      expect(await failed).toMatchObject(ABORTED)
      expect(await takeNotes(py)).toEqual(['cleaned'])
      await expectRest(py)
    })

    it('what cleans up can call JavaScript', async () => {
      const cleaned: unknown[] = []
      for (let i = 0; i < 5; i++) {
        const note = (what: unknown) => void cleaned.push(what)
        await abort((begun, signal) => py.run(`${CANCELLED}:cleans_up`, [begun, note], { signal }))
        await expectRest(py)
      }
      expect(cleaned).toEqual(Array.from({ length: 5 }, () => ['first', 'second']).flat())
    })

    it('what cleans up can print', async () => {
      const lines: string[] = []
      await using printing = await start(place, {
        ...PATIENT,
        output: ({ text }) => void lines.push(text),
      })
      for (let i = 0; i < 5; i++) {
        await abort((begun, signal) =>
          printing.run(`${CANCELLED}:prints_at_last`, [begun], { signal }),
        )
        await expectRest(printing)
      }
      await expect.poll(() => lines).toEqual(Array.from({ length: 5 }, () => 'at last'))
    })

    it('a call that swallows the interrupt and returns leaves nothing behind', async () => {
      await abort((begun, signal) => py.run(`${CANCELLED}:returns_object`, [begun], { signal }))
      await expectRest(py)
    })

    it('its arguments are let go, there and here', async () => {
      const tidy = await py.run<RemoteObject>(`${CANCELLED}:Tidy`)
      await abort((begun, signal) => py.run(`${CANCELLED}:with_tidy`, [tidy, begun], { signal }))
      expect(await py.run(`${CANCELLED}:tidies`)).toBe(1)
      tidy.$dispose()
      await expect.poll(() => py.run(`${CANCELLED}:tidies`)).toBe(0)
      await expectRest(py)
    })

    it('a call that swallows every interrupt is answered when it ends, and the next ones rightly', async () => {
      await abort((begun, signal) => py.run(`${CANCELLED}:stubborn`, [begun, 0.7], { signal }))
      expect(py.stats()).toMatchObject({ running: 0, queued: 0 })
      const next = py.eval('6 * 7')
      expect(py.stats()).toMatchObject({ running: 0, queued: 1 })
      expect(await next).toBe(42)
      await expectRest(py)
    })

    it('a call that sleeps or waits for a lock is interrupted as soon as that is possible', async () => {
      for (const what of ['sleeps', 'waits_for_lock']) {
        await abort((begun, signal) => py.run(`${CANCELLED}:${what}`, [begun, 1], { signal }))
        expect(await takeNotes(py)).toEqual(['finally'])
        await expectRest(py)
      }
    })

    it.runIf(place.isolation === 'process').each(['sleeps', 'waits_for_lock'])(
      'a call that %s is interrupted at once in a process',
      async (what) => {
        await abort((begun, signal) => py.run(`${CANCELLED}:${what}`, [begun, 60], { signal }))
        const before = performance.now()
        expect(await takeNotes(py)).toEqual(['finally'])
        expect(performance.now() - before).toBeLessThan(30_000)
        await expectRest(py)
      },
    )

    it('a call of C code: the caller does not wait for its end', async () => {
      await abort((begun, signal) =>
        py.run(`${CANCELLED}:in_c_code`, [begun, 40_000_000], { signal }),
      )
      expect(await py.eval('6 * 7')).toBe(42)
      await expectRest(py)
    })

    it('each of several workers is interrupted', async () => {
      await using several = await start(place, { ...PATIENT, workers: 3 })
      const controller = new AbortController()
      const gates = [deferred(), deferred(), deferred()]
      const failed = gates.map(({ resolve }) =>
        refusal(() => several.run(`${CANCELLED}:spins`, [resolve], { signal: controller.signal })),
      )
      await Promise.all(gates.map(({ promise }) => promise))
      controller.abort('reason')
      for (const error of await Promise.all(failed))
        expect(error).toMatchObject({ ...ABORTED, cause: 'reason' })
      await expectRest(several)
    })

    it('one of several calls is interrupted, and no other', async () => {
      await using several = await start(place, { ...PATIENT, workers: 3 })
      const others = [1, 2].map(() => several.run(`${CANCELLED}:spin_for`, [0.6]))
      await abort((begun, signal) => several.run(`${CANCELLED}:spins`, [begun], { signal }))
      expect(await Promise.all(others)).toEqual([0.6, 0.6])
      await expectRest(several)
    })

    it('an import can be made again', async () => {
      await py.exec`
        import sys, os, tempfile
        folder = tempfile.mkdtemp()
        sys.path.insert(0, folder)
        with open(os.path.join(folder, "cancelled_import.py"), "w") as out:
            out.write("import time\\nend = time.monotonic() + 0.5\\nwhile time.monotonic() < end: pass\\nready = 1\\n")
      `
      await refusal(() => py.run('cancelled_import:ready.bit_length', [], { timeoutMs: 100 }))
      expect(await py.run('cancelled_import:ready.bit_length')).toBe(1)
      await py.exec('import shutil; sys.path.remove(folder); shutil.rmtree(folder)')
      await expectRest(py)
    })
  })
}

function optionsOfCalls(place: Placement): void {
  describe('options', () => {
    it('of the pool are those of calls that say nothing, and null is none', async () => {
      await using py = await start(place, { ...PATIENT, timeoutMs: 300 })
      const spin = `${CANCELLED}:spin_for`
      const cancelled = py.import(file('cancelled.py'))
      for (const call of [
        () => py.run(spin, [30]),
        () => cancelled.spin_for?.(30),
        () => py.eval('[i for i in iter(int, 1)]'),
        () => py.exec('while True: pass'),
      ]) {
        expect(await refusal(call)).toMatchObject(TIMEOUT)
      }
      expect(await refusal(() => py.run(spin, [30], { timeoutMs: 50 }))).toMatchObject(TIMEOUT)
      expect(await py.run(spin, [0.6], { timeoutMs: null })).toBe(0.6)
      expect(await py.import(file('cancelled.py'), { timeoutMs: null }).spin_for?.(0.6)).toBe(0.6)
      expect(await py.import(file('cancelled.py'), { timeoutMs: 30_000 }).spin_for?.(0.6)).toBe(0.6)
      expect(await collect(py.map(spin, [0.2, 0.2, 0.2], { chunk: 3 }))).toEqual([0.2, 0.2, 0.2])
      await using session = await py.session()
      expect(await refusal(() => session.run(spin, [30]))).toMatchObject(TIMEOUT)
      expect(await refusal(() => session.eval('[i for i in iter(int, 1)]'))).toMatchObject(TIMEOUT)
      expect(await session.run(spin, [0.6], { timeoutMs: null })).toBe(0.6)
      await session.close()
      await expectRest(py)
    })

    it('of an imported module hold for whatever is in it', async () => {
      await using py = await start(place, PATIENT)
      await takeNotes(py) // of others, where they have this interpreter, too
      const time = py.import(file('cancelled.py'), { timeoutMs: 2_000 })
      expect(await refusal(() => time.Tidy?.spin)).toMatchObject({
        code: 'ERR_PYTHREADS_ATTRIBUTE_NOT_FOUND',
      })
      expect(await refusal(async () => time.spin?.())).toMatchObject(TIMEOUT)
      expect(await time.note?.(1)).toBe(1)
      const controller = new AbortController()
      const aborted = py.import(file('cancelled.py'), { signal: controller.signal })
      expect(await aborted.note?.(2)).toBe(2)
      controller.abort('over')
      for (const use of [() => aborted.note?.(3), () => aborted.notes, () => aborted]) {
        expect(await refusal(async () => await use())).toMatchObject({ ...ABORTED, cause: 'over' })
      }
      expect(await takeNotes(py)).toEqual([1, 2])
      await expectRest(py)
    })

    it('a signal that is aborted already: the function never runs', async () => {
      await using py = await start(place, PATIENT)
      await takeNotes(py) // of others, where they have this interpreter, too
      const signal = AbortSignal.abort('before')
      const calls = [
        () => py.run(`${CANCELLED}:note`, ['ran'], { signal }),
        async () => py.import(file('cancelled.py'), { signal }).note?.('ran'),
        () => collect(py.map(`${CANCELLED}:note`, ['ran'], { signal })),
      ]
      for (const call of calls)
        expect(await refusal(call)).toMatchObject({ ...ABORTED, cause: 'before' })
      expect(await takeNotes(py)).toEqual([])
      await expectRest(py)
    })

    it('a signal for many calls, and one that comes too late', async () => {
      await using py = await start(place, PATIENT)
      const controller = new AbortController()
      const { signal } = controller
      const done = await Promise.all(
        Array.from({ length: 200 }, (_, i) =>
          py.run('builtins:abs', [-i], { signal, timeoutMs: 60_000 }),
        ),
      )
      expect(done).toEqual(Array.from({ length: 200 }, (_, i) => i))
      controller.abort()
      await expectRest(py)
    })

    it('no warning however many calls have one signal', async () => {
      await using py = await start(place, PATIENT)
      const warnings: Error[] = []
      const heard = (warning: Error) => void warnings.push(warning)
      process.on('warning', heard)
      const controller = new AbortController()
      const busy = py.run(`${CANCELLED}:spin_for`, [0.2])
      const failed = Array.from({ length: 100 }, () =>
        refusal(() => py.run(`${CANCELLED}:note`, ['ran'], { signal: controller.signal })),
      )
      controller.abort()
      for (const error of await Promise.all(failed)) expect(error).toMatchObject(ABORTED)
      await busy
      process.off('warning', heard)
      expect(warnings).toEqual([])
      await expectRest(py)
    })

    it('queueTimeoutMs: a call that no worker takes in time is given up, one that is taken is not', async () => {
      await using py = await start(place, PATIENT)
      await takeNotes(py) // of others, where they have this interpreter, too
      const begun = deferred()
      const holds = deferred()
      const busy = py.run(`${CANCELLED}:calls`, [
        async () => {
          begun.resolve()
          await holds.promise
        },
      ])
      await begun.promise
      const options = { queueTimeoutMs: 100 }
      const waiting = [
        () => py.run(`${CANCELLED}:note`, ['ran'], options),
        async () => py.import(file('cancelled.py'), options).note?.('ran'),
        () => collect(py.map(`${CANCELLED}:note`, ['ran'], options)),
      ].map((call) => refusal(call))
      const patient = py.run(`${CANCELLED}:note`, ['patient'], { queueTimeoutMs: null })
      for (const error of await Promise.all(waiting)) expect(error).toMatchObject(QUEUE_TIMEOUT)
      holds.resolve()
      await busy
      expect(await patient).toBe('patient')
      expect(await py.run(`${CANCELLED}:spin_for`, [0.3], options)).toBe(0.3)
      expect(await takeNotes(py)).toEqual(['finally', 'patient'])
      await expectRest(py)
    })

    it('queueTimeoutMs of the pool, and null for a call', async () => {
      await using py = await start(place, { ...PATIENT, queueTimeoutMs: 150 })
      await takeNotes(py) // of others, where they have this interpreter, too
      const busy = py.run(`${CANCELLED}:spin_for`, [0.8])
      const waiting = refusal(() => py.run(`${CANCELLED}:note`, ['ran']))
      const patient = py.run(`${CANCELLED}:note`, ['patient'], { queueTimeoutMs: null })
      const imported = py.import(file('cancelled.py'), { queueTimeoutMs: null }).note?.('imported')
      expect(await waiting).toMatchObject(QUEUE_TIMEOUT)
      expect(await Promise.all([busy, patient, imported])).toEqual([0.8, 'patient', 'imported'])
      expect(await takeNotes(py)).toEqual(['patient', 'imported'])
      await expectRest(py)
    })

    it('queueTimeoutMs of calls that were sent along behind a long one', async () => {
      await using py = await start(place, PATIENT)
      const call = (number: number, seconds: number, options: CallOptions = {}) =>
        py.run(`${CANCELLED}:short_or_long`, [number, seconds], options)
      for (let i = 0; i < 50; i++) await call(-1, 0) // it is known to be short
      await takeNotes(py)
      const long = call(0, 1)
      const behind = Array.from({ length: 5 }, (_, i) =>
        refusal(() => call(i + 1, 0, { queueTimeoutMs: 200 })),
      )
      for (const error of await Promise.all(behind)) expect(error).toMatchObject(QUEUE_TIMEOUT)
      expect(await long).toBe(0)
      expect(await takeNotes(py)).toEqual([0])
      await expectRest(py)
    })
  })
}

function callsThatHaveNotBegun(place: Placement): void {
  describe('of calls that have not begun', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place, PATIENT)
    })
    afterAll(() => py.destroy())
    beforeEach(() => takeNotes(py))

    it('the functions never run, and what crosses with the calls is released', async () => {
      const [begun, go] = [deferred(), deferred()]
      const busy = py.run(`${CANCELLED}:calls`, [
        async () => {
          begun.resolve()
          await go.promise
        },
      ])
      await begun.promise
      const controller = new AbortController()
      const { signal } = controller
      const waiting = Array.from({ length: 100 }, (_, i) => {
        const options = {
          ...(i % 3 === 0 ? { worker: 0 } : {}),
          ...(i % 4 === 0 ? { priority: 5 } : {}),
        }
        const aborted = i % 2 === 1
        const call = () =>
          py.run(`${CANCELLED}:calls`, [() => i], { ...options, ...(aborted ? { signal } : {}) })
        return aborted ? refusal(call).then(({ code }) => code) : call()
      })
      expect(py.stats()).toMatchObject({ running: 1, queued: 100 })
      controller.abort()
      expect(py.stats()).toMatchObject({ running: 1, queued: 50 })
      go.resolve()
      await busy
      expect(await Promise.all(waiting)).toEqual(
        waiting.map((_, i) => (i % 2 === 1 ? ABORTED.code : i)),
      )
      expect(await takeNotes(py)).toEqual(Array.from({ length: 51 }, () => 'finally'))
      await expectRest(py)
    })

    it('the functions of calls that were sent along behind others never run', async () => {
      const short = (number: number, signal?: AbortSignal) =>
        py.run<number>(`${CANCELLED}:short`, [number], signal === undefined ? {} : { signal })
      for (let i = 0; i < 100; i++) await short(-1) // it is known to be short
      await takeNotes(py)
      for (let round = 0; round < 20; round++) {
        const numbers = Array.from({ length: 100 }, (_, i) => i)
        const controller = new AbortController()
        const outcomes = Promise.allSettled(
          numbers.map((i) => short(i, i % 3 === 1 ? controller.signal : undefined)),
        )
        controller.abort() // in the same turn: the worker has seen the first one at most
        const codes = (await outcomes).map((outcome) =>
          outcome.status === 'fulfilled' ? outcome.value : outcome.reason.code,
        )
        expect(codes).toEqual(numbers.map((i) => (i % 3 === 1 ? ABORTED.code : i)))
        expect(((await takeNotes(py)) as number[]).sort((a, b) => a - b)).toEqual(
          numbers.filter((i) => i % 3 !== 1),
        )
      }
      await expectRest(py)
    })

    it('the functions of calls behind a call that turns out long never run', async () => {
      const call = (number: number, seconds: number, signal?: AbortSignal) =>
        py.run<number>(
          `${CANCELLED}:short_or_long`,
          [number, seconds],
          signal === undefined ? {} : { signal },
        )
      for (let i = 0; i < 50; i++) await call(-1, 0)
      await takeNotes(py)
      for (const cancelLong of [false, true]) {
        const controller = new AbortController()
        const { signal } = controller
        const long = call(0, 0.3, cancelLong ? signal : undefined)
        const behind = [1, 2, 3, 4, 5, 6].map((number) =>
          call(number, 0, number % 2 === 0 ? signal : undefined),
        )
        const outcomes = Promise.allSettled([long, ...behind])
        await sleep(50)
        controller.abort()
        const statuses = (await outcomes).map(({ status }) => status === 'fulfilled')
        expect(statuses).toEqual([!cancelLong, true, false, true, false, true, false])
        expect(await takeNotes(py)).toEqual([0, 1, 3, 5])
      }
      await expectRest(py)
    })

    it('a call that gives up leaves room in the queue', async () => {
      await using small = await start(place, { ...PATIENT, maxQueue: 1 })
      const atRest = () => expect.poll(() => small.stats()).toMatchObject(AT_REST)
      const busy = small.run(`${CANCELLED}:spin_for`, [0.4])
      const controller = new AbortController()
      const waiting = refusal(() =>
        small.run(`${CANCELLED}:note`, ['ran'], { signal: controller.signal }),
      )
      const refused = await refusal(() => small.run(`${CANCELLED}:note`, ['refused']))
      expect(refused).toMatchObject({ code: 'ERR_PYTHREADS_QUEUE_FULL' })
      const drained = new Promise<void>((resolve) => small.once('drain', () => resolve()))
      controller.abort()
      await drained
      const next = small.run(`${CANCELLED}:note`, ['next'])
      expect(await waiting).toMatchObject(ABORTED)
      expect([await busy, await next]).toEqual([0.4, 'next'])
      await atRest()
    })

    it('close() waits for nothing that was given up', async () => {
      const closing = await start(place, PATIENT)
      const stubborn = abort((begun, signal) =>
        closing.run(`${CANCELLED}:stubborn`, [begun, 1], { signal }),
      )
      await stubborn
      const controller = new AbortController()
      const waiting = refusal(() =>
        closing.run(`${CANCELLED}:note`, ['ran'], { signal: controller.signal }),
      )
      const closed = closing.close()
      controller.abort()
      expect(await waiting).toMatchObject(ABORTED)
      const before = performance.now()
      await closed
      expect(performance.now() - before).toBeLessThan(5_000)
      expect(closing.stats()).toMatchObject({ running: 0, queued: 0 })
    })
  })
}

function callbacks(place: Placement): void {
  describe('of a call that waits for JavaScript', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place, PATIENT)
    })
    afterAll(() => py.destroy())
    beforeEach(() => takeNotes(py))

    const never = (open: () => void) => () => {
      open()
      return new Promise<never>(() => {})
    }

    it('the call is rejected when the callback never settles', async () => {
      for (let i = 0; i < 10; i++) {
        const error = await abort(
          (begun, signal) => py.run(`${CANCELLED}:calls`, [never(begun)], { signal }),
          i,
        )
        expect(error).toMatchObject({ ...ABORTED, cause: i })
        expect(await takeNotes(py)).toEqual(['finally'])
      }
      await expectRest(py)
    })

    it('the call is rejected when the callback returns too late', async () => {
      const go = deferred<object>()
      const waits = (open: () => void) => () => {
        open()
        return go.promise
      }
      await abort((begun, signal) => py.run(`${CANCELLED}:calls`, [waits(begun)], { signal }))
      expect(await takeNotes(py)).toEqual(['finally'])
      go.resolve({ now: () => 1 })
      await expectRest(py)
    })

    it('the call is rejected when the callback throws too late', async () => {
      const go = deferred()
      const waits = (open: () => void) => async () => {
        open()
        await go.promise
        throw new Error('late')
      }
      await abort((begun, signal) => py.run(`${CANCELLED}:calls`, [waits(begun)], { signal }))
      go.resolve()
      await expectRest(py)
    })

    it('the callback itself can cancel the call', async () => {
      const controller = new AbortController()
      const aborts = () => controller.abort('mine')
      const error = await refusal(() =>
        py.run(`${CANCELLED}:calls`, [aborts], { signal: controller.signal }),
      )
      expect(error).toMatchObject({ ...ABORTED, cause: 'mine' })
      await expectRest(py)
    })

    it('Python can call JavaScript again when the call is cancelled', async () => {
      const again = () => 'again'
      await abort((begun, signal) =>
        py.run(`${CANCELLED}:swallows_once`, [never(begun), again], { signal }),
      )
      await expectRest(py)
    })

    it('the call is rejected when an iterable gives no next item', async () => {
      async function* items(open: () => void) {
        yield 1
        open()
        await new Promise(() => {})
      }
      await abort((begun, signal) =>
        py.run(`${CANCELLED}:goes_through`, [items(begun)], { signal }),
      )
      expect(await takeNotes(py)).toEqual(['finally'])
      await expectRest(py)
    })

    it('the outer call goes on when the call of its callback is cancelled', async () => {
      const outer = async () => {
        const error = await abort(
          (begun, signal) => py.run(`${CANCELLED}:spins`, [begun], { signal }),
          'inner',
        )
        expect(error).toMatchObject({ ...ABORTED, cause: 'inner' })
        return await py.run(`${CANCELLED}:note`, ['after'])
      }
      expect(await py.run(`${CANCELLED}:calls`, [outer])).toBe('after')
      expect(await takeNotes(py)).toEqual(['with', 'finally', 'after', 'finally'])
      await expectRest(py)
    })

    it('the call of a callback returns when the outer call is cancelled', async () => {
      const inner = deferred<unknown>()
      const outer = (begun: () => void) => async () => {
        const call = py.run(`${CANCELLED}:spin_for`, [0.3])
        void call.then(inner.resolve, inner.resolve)
        begun()
        await call
        return await new Promise(() => {})
      }
      await abort((begun, signal) => py.run(`${CANCELLED}:calls`, [outer(begun)], { signal }))
      expect(await inner.promise).toBe(0.3)
      expect(await takeNotes(py)).toEqual(['finally'])
      await expectRest(py)
    })

    it('the outer call and the call of its callback are cancelled, at every depth', async () => {
      const nestings = async () => {
        const controller = new AbortController()
        const { signal } = controller
        const deepest = deferred()
        const errors: Promise<PythreadsError>[] = []
        const nest = async (depth: number): Promise<unknown> => {
          if (depth === 10) {
            deepest.resolve()
            return new Promise(() => {})
          }
          const failed = refusal(() =>
            py.run(`${CANCELLED}:calls`, [() => nest(depth + 1)], { signal }),
          )
          errors.push(failed)
          return await failed.then((error) => Promise.reject(error))
        }
        nest(0).catch(() => {})
        await deepest.promise
        controller.abort('all')
        for (const error of await Promise.all(errors))
          expect(error).toMatchObject({ ...ABORTED, cause: 'all' })
        expect(await takeNotes(py)).toEqual(Array.from({ length: 10 }, () => 'finally'))
      }
      // Some are interrupted while they tell the error of the one within.
      for (let i = 0; i < 30; i++) await nestings()
      await expectRest(py)
    })

    it.each(['the outer call', 'the inner call'])(
      'a callback that does not wait for the call that it made: %s',
      async (which) => {
        const own = await start(place, PATIENT)
        try {
          const [inner, outer] = [new AbortController(), new AbortController()]
          const begun = deferred()
          const failures: Promise<PythreadsError>[] = []
          const callback = () => {
            failures.push(
              refusal(() =>
                own.run(`${CANCELLED}:spins`, [begun.resolve], { signal: inner.signal }),
              ),
            )
          }
          const answer = own
            .run(`${CANCELLED}:calls`, [callback], { signal: outer.signal })
            .catch((error) => error.code)
          await begun.promise
          // the callback has its answer; Python reads it when the inner call is over
          await sleep(100)
          if (which === 'the outer call') outer.abort()
          await sleep(100)
          inner.abort()
          expect(await answer).toBe(which === 'the outer call' ? ABORTED.code : null)
          for (const failure of failures) expect(await failure).toMatchObject(ABORTED)
          await expectRest(own)
        } finally {
          own.destroy() // close() would wait for a call that hangs
        }
      },
    )

    it('a callback can make a call after its own call was cancelled', async () => {
      const go = deferred()
      const late = deferred<unknown>()
      const outer = (begun: () => void) => async () => {
        begun()
        await go.promise
        late.resolve(await py.run(`${CANCELLED}:note`, ['late']))
      }
      await abort((begun, signal) => py.run(`${CANCELLED}:calls`, [outer(begun)], { signal }))
      go.resolve()
      expect(await late.promise).toBe('late')
      await expectRest(py)
    })
  })
}

function coroutines(place: Placement): void {
  describe('of coroutines', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place, PATIENT)
    })
    afterAll(() => py.destroy())
    beforeEach(() => takeNotes(py))

    const over = async () => {
      await expect.poll(() => py.run(`${CANCELLED}:tasks_left`)).toBe(0)
      await expectRest(py)
    }

    it.each(['waits', 'hogs', 'hogs_later', 'gathers'])(
      'a coroutine that %s is cancelled',
      async (what) => {
        for (let i = 0; i < 5; i++) {
          const other = py.run(`${CANCELLED}:later`, [0.05, i])
          const error = await abort(
            (begun, signal) => py.run(`${CANCELLED}:${what}`, [begun], { signal }),
            i,
          )
          expect(error).toMatchObject({ ...ABORTED, cause: i })
          expect(await other).toBe(i)
          await over()
          expect(await takeNotes(py)).toEqual(['finally'])
        }
      },
    )

    it.each(['waits', 'hogs', 'hogs_later', 'gathers'])(
      'a coroutine that %s is cancelled by its time limit',
      async (what) => {
        const error = await refusal(() =>
          py.run(`${CANCELLED}:${what}`, [() => {}], { timeoutMs: 200 }),
        )
        expect(error).toMatchObject(TIMEOUT)
        await over()
        expect(await takeNotes(py)).toEqual(['finally'])
      },
    )

    it('a coroutine that catches CancelledError and goes on disturbs nobody', async () => {
      await abort((begun, signal) => py.run(`${CANCELLED}:goes_on`, [begun, 0.4], { signal }))
      expect(py.stats()).toMatchObject({ running: 0, queued: 0 })
      expect(await py.run(`${CANCELLED}:later`, [0, 1])).toBe(1)
      await over()
      expect(await takeNotes(py)).toEqual(['caught', 'went on'])
    })

    it('a coroutine that awaits a JavaScript function, which returns later or never, is cancelled', async () => {
      const go = deferred<object>()
      for (const answer of [go.promise, new Promise(() => {})]) {
        const waits = (open: () => void) => async () => {
          open()
          return answer
        }
        await abort((begun, signal) => py.run(`${CANCELLED}:awaits`, [waits(begun)], { signal }))
        await expect.poll(() => takeNotes(py)).toEqual(['finally'])
      }
      go.resolve({ now: () => 1 })
      await over()
    })

    it('a coroutine of a map is cancelled', async () => {
      const controller = new AbortController()
      const begun = deferred()
      const failed = refusal(() =>
        collect(
          py.map(`${CANCELLED}:waits`, [() => {}, begun.resolve], {
            chunk: 2,
            signal: controller.signal,
          }),
        ),
      )
      await begun.promise
      controller.abort('map')
      expect(await failed).toMatchObject({ ...ABORTED, cause: 'map' })
      await over()
      expect(await takeNotes(py)).toEqual(['finally', 'finally'])
    })

    it('many coroutines are cancelled among others that return', async () => {
      const controller = new AbortController()
      const calls = Array.from({ length: 300 }, (_, i) =>
        py.run(
          `${CANCELLED}:later`,
          [i % 3 === 0 ? 3600 : 0.1, i],
          i % 3 === 0 ? { signal: controller.signal } : {},
        ),
      )
      const outcomes = Promise.allSettled(calls)
      await py.eval('1')
      controller.abort()
      const values = (await outcomes).map((outcome) =>
        outcome.status === 'fulfilled' ? outcome.value : outcome.reason.code,
      )
      expect(values).toEqual(calls.map((_, i) => (i % 3 === 0 ? ABORTED.code : i)))
      await over()
    })
  })
}

function iterating(place: Placement): void {
  describe('of what is gone through', () => {
    let py: Python
    beforeAll(async () => {
      py = await start(place, PATIENT)
    })
    afterAll(() => py.destroy())
    beforeEach(() => takeNotes(py))

    const through = async (generator: RemoteObject, options: CallOptions, items: unknown[]) => {
      for await (const item of generator.$iterate(options)) items.push(item)
    }

    it('a generator is cancelled by a signal or by the time limit of a step', async () => {
      const items: unknown[] = []
      const aborted = await abort(async (begun, signal) => {
        await through(
          await py.run<RemoteObject>(`${CANCELLED}:generates`, [begun]),
          { signal },
          items,
        )
      }, 'step')
      expect(aborted).toMatchObject({ ...ABORTED, cause: 'step' })
      expect(await takeNotes(py)).toEqual(['finally'])
      const generator = await py.run<RemoteObject>(`${CANCELLED}:generates`, [() => {}])
      expect(await refusal(() => through(generator, { timeoutMs: 200 }, items))).toMatchObject(
        TIMEOUT,
      )
      expect(await takeNotes(py)).toEqual(['finally'])
      expect(items).toEqual([1, 2, 1, 2])
      await expectRest(py)
    })

    it('an asynchronous generator is cancelled', async () => {
      const items: unknown[] = []
      await abort(async (begun, signal) => {
        await through(
          await py.run<RemoteObject>(`${CANCELLED}:counts_for_ever`, [begun]),
          { signal },
          items,
        )
      })
      expect(items).toEqual([1])
      await expect.poll(() => takeNotes(py)).toEqual(['finally'])
      await expectRest(py)
    })

    it('the time limit is that of each step', async () => {
      await py.exec(
        'def slow(n):\n    for i in range(n):\n        time.sleep(0.1)\n        yield i\nimport time',
      )
      const items: unknown[] = []
      await through(await py.eval<RemoteObject>('slow(5)'), { timeoutMs: 400 }, items)
      expect(items).toEqual([0, 1, 2, 3, 4])
      await expectRest(py)
    })

    it('a signal between two steps refuses the next step and closes the generator', async () => {
      const controller = new AbortController()
      const generator = await py.run<RemoteObject>(`${CANCELLED}:generates`, [() => {}])
      const error = await refusal(async () => {
        for await (const _ of generator.$iterate({ signal: controller.signal }))
          controller.abort('between')
      })
      expect(error).toMatchObject({ ...ABORTED, cause: 'between' })
      await expect.poll(() => takeNotes(py)).toEqual(['finally'])
      await expectRest(py)
    })

    it('a generator that is left in the turn of the abort is closed', async () => {
      const controller = new AbortController()
      const generator = await py.run<RemoteObject>(`${CANCELLED}:generates`, [() => {}])
      for await (const _ of generator.$iterate({ signal: controller.signal })) {
        controller.abort()
        break
      }
      await expect.poll(() => takeNotes(py)).toEqual(['finally'])
      await expectRest(py)
    })

    it('a map is ended by its signal, with what it has begun', async () => {
      const controller = new AbortController()
      let pulled = 0
      let returned = 0
      function* source() {
        try {
          for (;;) yield pulled++
        } finally {
          returned++
        }
      }
      const items: unknown[] = []
      const run = async () => {
        for await (const item of py.map(`${CANCELLED}:note`, source(), {
          chunk: 10,
          signal: controller.signal,
        })) {
          if (items.push(item) === 35) controller.abort('map')
        }
      }
      expect(await refusal(run)).toMatchObject({ ...ABORTED, cause: 'map' })
      expect(items.slice(0, 35)).toEqual(Array.from({ length: 35 }, (_, i) => i))
      expect(returned).toBe(1)
      const before = pulled
      await expectRest(py)
      expect(pulled).toBe(before)
    })

    it('timeoutMs of a map is that of all of it', async () => {
      const items: unknown[] = []
      const run = async () => {
        const seconds = Array.from({ length: 1_000 }, () => 0.02)
        for await (const item of py.map(`${CANCELLED}:spin_for`, seconds, {
          chunk: 1,
          timeoutMs: 500,
        }))
          items.push(item)
      }
      expect(await refusal(run)).toMatchObject(TIMEOUT)
      expect(items.length).toBeGreaterThan(0)
      expect(items.length).toBeLessThan(500)
      await expectRest(py)
    })

    it('a map whose consumer is slow learns of it at its next step', async () => {
      const run = async () => {
        for await (const _ of py.map(`${CANCELLED}:note`, [1, 2, 3], { chunk: 1, timeoutMs: 100 }))
          await sleep(150)
      }
      expect(await refusal(run)).toMatchObject(TIMEOUT)
      await expectRest(py)
    })

    it('a map whose source gives no more', async () => {
      async function* source() {
        yield 1
        await new Promise(() => {})
      }
      const items: unknown[] = []
      const run = async () => {
        for await (const item of py.map(`${CANCELLED}:note`, source(), { timeoutMs: 300 }))
          items.push(item)
      }
      const outcome = await Promise.race([refusal(run), sleep(5_000, 'it still waits')])
      expect(outcome).toMatchObject(TIMEOUT)
      expect(items).toEqual([1])
      await expectRest(py)
    })
  })
}

/**
 * Calls that do not end when they are interrupted, what they are, and whether they are to end by
 * themselves in this test.
 */
const STUBBORN = {
  sleeps: 2,
  'waits for a lock': 2,
  'swallows everything': 2,
  'is in C code': 60_000_000,
}
const FUNCTIONS: Record<keyof typeof STUBBORN, string> = {
  sleeps: 'sleeps',
  'waits for a lock': 'waits_for_lock',
  'swallows everything': 'stubborn',
  'is in C code': 'in_c_code',
}

function workersThatAreStuck(place: Placement): void {
  const stuck = (py: Python, seconds: number) =>
    abort((begun, signal) => py.run(`${CANCELLED}:stubborn`, [begun, seconds], { signal }))

  describe.runIf(place.isolation === 'process')(
    'of a call that goes on: its process is ended',
    () => {
      it.each(['swallows everything', 'is in C code'] as const)(
        'a call that %s ends with its process',
        async (what) => {
          await using py = await start(place, IMPATIENT)
          const pid = await py.run('os:getpid')
          const exits: unknown[] = []
          py.on('workerExit', (exit) => exits.push(exit))
          const forEver = what === 'is in C code' ? 10 ** 13 : 600
          const error = await abort(
            (begun, signal) =>
              py.run(`${CANCELLED}:${FUNCTIONS[what]}`, [begun, forEver], { signal }),
            what,
          )
          expect(error).toMatchObject({ ...ABORTED, cause: what })
          expect(await py.run('os:getpid')).not.toBe(pid)
          expect(exits).toMatchObject([{ worker: 0, pid, asked: false }])
          await expectRest(py, { ...AT_REST, replaced: 1 })
        },
      )

      it('a coroutine that blocks its event loop', async () => {
        await using py = await start(place, IMPATIENT)
        const pid = await py.run('os:getpid')
        await abort((begun, signal) => py.run(`${CANCELLED}:blocks`, [begun, 600], { signal }))
        await expect.poll(() => py.run('os:getpid')).not.toBe(pid)
        await expectRest(py, { ...AT_REST, replaced: 1 })
      })

      it('what waits for the worker, what stands behind the call and what other workers do is not lost', async () => {
        await using py = await start(place, { ...IMPATIENT, workers: 2 })
        const short = (i: number) => py.run(`${CANCELLED}:short_or_long`, [i, 0])
        for (let i = 0; i < 100; i++) await short(-1)
        const elsewhere = py.run(`${CANCELLED}:sleeps`, [() => {}, 1.5])
        const cancelled = stuck(py, 600)
        const pinned = [0, 1].map((worker) => py.run(`${CANCELLED}:note`, ['pinned'], { worker }))
        const any = Array.from({ length: 20 }, (_, i) => short(i))
        expect(await cancelled).toMatchObject(ABORTED)
        expect(await Promise.all(any)).toEqual(any.map((_, i) => i))
        expect(await Promise.all(pinned)).toEqual(['pinned', 'pinned'])
        expect(await elsewhere).toBe(null)
        await expectRest(py, { ...AT_REST, replaced: 1 })
      })

      it('what it had for others can be made again', async () => {
        await using py = await start(place, IMPATIENT)
        const lost = refusal(() => py.run(`${CANCELLED}:later`, [3600, 'lost']))
        const retried = py.run(`${CANCELLED}:later`, [1, 'retried'], { retry: 1 })
        const object = await py.run<RemoteObject>(`${CANCELLED}:Noting`)
        await stuck(py, 600)
        expect(await lost).toMatchObject({ code: 'ERR_PYTHREADS_WORKER_DIED' })
        expect(await retried).toBe('retried')
        expect(await refusal(() => object.$str())).toMatchObject({
          code: 'ERR_PYTHREADS_OBJECT_RELEASED',
        })
        await expectRest(py, { ...AT_REST, replaced: 1 })
      })

      it('one call after the other ends its process', async () => {
        await using py = await start(place, { ...IMPATIENT, graceMs: 20 })
        for (let i = 1; i <= 5; i++) {
          await stuck(py, 600)
          expect(await py.eval`${i}`).toBe(i)
          expect(py.stats()).toMatchObject({ ...AT_REST, replaced: i })
        }
      })
    },
  )

  describe.runIf(place.isolation !== 'process')(
    'of a call that goes on: its thread is left alone',
    () => {
      it.each(Object.keys(STUBBORN) as (keyof typeof STUBBORN)[])(
        'one that %s is replaced, and ended when it is back',
        async (what) => {
          await using py = await start(place, IMPATIENT)
          await py.exec('from sys import modules')
          const events: unknown[] = []
          py.on('workerWedged', (details) => events.push(['workerWedged', details]))
          py.on('workerStart', (details) => events.push(['workerStart', details]))
          py.on('workerExit', (details) => events.push(['workerExit', details]))
          const target = `${CANCELLED}:${FUNCTIONS[what]}`
          const error = await abort(
            (begun, signal) => py.run(target, [begun, STUBBORN[what]], { signal }),
            what,
          )
          expect(error).toMatchObject({ ...ABORTED, cause: what })
          await expect.poll(() => events.length).toBeGreaterThan(0)
          expect(events[0]).toEqual(['workerWedged', { worker: 0, wedged: 1 }])
          expect(py.stats()).toMatchObject({ running: 0, queued: 0, replaced: 1 })
          expect(await py.eval('6 * 7')).toBe(42) // by another one, which knows what `exec` defined
          expect(await py.eval('len(modules) > 0')).toBe(true)
          await expectRest(py, { ...AT_REST, replaced: 1 })
          await expect
            .poll(() => events.map((event) => (event as unknown[])[0]).sort())
            .toEqual(['workerExit', 'workerStart', 'workerWedged'])
        },
      )

      it('a coroutine that blocks its event loop', async () => {
        await using py = await start(place, IMPATIENT)
        await abort((begun, signal) => py.run(`${CANCELLED}:blocks`, [begun, 1.5], { signal }))
        await expect.poll(() => py.stats()).toMatchObject({ wedged: 1, replaced: 1 })
        expect(await py.eval('6 * 7')).toBe(42)
        expect(await py.run(`${CANCELLED}:later`, [0, 1])).toBe(1)
        await expectRest(py, { ...AT_REST, replaced: 1 })
      })

      it('what stands behind it and what waits for it goes to others', async () => {
        await using py = await start(place, { ...IMPATIENT, workers: 2 })
        const short = (i: number) => py.run(`${CANCELLED}:short_or_long`, [i, 0])
        for (let i = 0; i < 100; i++) await short(-1)
        const cancelled = stuck(py, 2)
        const pinned = [0, 1].map((worker) => py.run(`${CANCELLED}:note`, ['pinned'], { worker }))
        const any = Array.from({ length: 20 }, (_, i) => short(i))
        expect(await cancelled).toMatchObject(ABORTED)
        expect(await Promise.all(any)).toEqual(any.map((_, i) => i))
        expect(await Promise.all(pinned)).toEqual(['pinned', 'pinned'])
        await expectRest(py, { ...AT_REST, replaced: 1 })
      })

      it('coroutines of others that it runs are answered, also when it is back before them', async () => {
        await using py = await start(place, IMPATIENT)
        const [soon, late] = [
          py.run(`${CANCELLED}:later`, [0.8, 'soon']),
          py.run(`${CANCELLED}:later`, [3, 'late']),
        ]
        await stuck(py, 1.5)
        await expect.poll(() => py.stats().wedged).toBe(1)
        expect(await soon).toBe('soon')
        expect(await late).toBe('late')
        await expectRest(py, { ...AT_REST, replaced: 1 })
      })

      it('no more than maxWedged are replaced; then calls are refused, until one is back', async () => {
        await using py = await start(place, { ...IMPATIENT, workers: 2, maxWedged: 1 })
        const wedged: number[] = []
        py.on('workerWedged', (event) => wedged.push(event.wedged))
        await stuck(py, 3)
        await expect.poll(() => py.stats()).toMatchObject({ wedged: 1, replaced: 1 })
        expect(await Promise.all([py.eval('1'), py.eval('2')])).toEqual([1, 2])
        await stuck(py, 3)
        await expect.poll(() => py.stats()).toMatchObject({ wedged: 2, replaced: 1 })
        expect(py.stats().workers.filter(({ state }) => state === 'wedged')).toHaveLength(1)
        expect(await py.eval('3')).toBe(3) // one is left
        const pinned = py.stats().workers.find(({ state }) => state === 'wedged')?.worker ?? -1
        expect(await refusal(() => py.run('builtins:abs', [1], { worker: pinned }))).toMatchObject({
          code: 'ERR_PYTHREADS_WEDGED',
        })
        const cancelled = stuck(py, 2)
        await cancelled
        const waiting = refusal(() => py.eval('4'))
        expect(await waiting).toMatchObject({ code: 'ERR_PYTHREADS_WEDGED' })
        expect(py.stats()).toMatchObject({ wedged: 3, replaced: 1, queued: 0, running: 0 })
        for (const call of [
          () => py.run('builtins:abs', [1]),
          () => py.run('builtins:abs', [1], { worker: 0 }),
          () => collect(py.map('builtins:abs', [1])),
          () => py.session(),
          () => py.import('json').dumps?.(1),
        ]) {
          expect(await refusal(async () => await call())).toMatchObject({
            code: 'ERR_PYTHREADS_WEDGED',
          })
        }
        expect(py.sync.run('builtins:abs', [-1])).toBe(1)
        expect(wedged).toEqual([1, 2, 3])
        await expect.poll(() => py.stats().wedged).toBe(0)
        await expect
          .poll(() => py.stats().workers.map(({ state }) => state))
          .toEqual(['idle', 'idle'])
        expect(await Promise.all([py.eval('5'), py.eval('6')])).toEqual([5, 6])
        expect(py.stats()).toMatchObject({ running: 0, queued: 0 })
      })

      it('with maxWedged 0 none is replaced, and calls that wait are refused', async () => {
        await using py = await start(place, { ...IMPATIENT, maxWedged: 0 })
        await stuck(py, 1.5)
        const waiting = refusal(() => py.eval('1'))
        expect(py.stats()).toMatchObject({ running: 0, queued: 1 })
        expect(await waiting).toMatchObject({ code: 'ERR_PYTHREADS_WEDGED' })
        expect(py.stats()).toMatchObject({ running: 0, queued: 0, wedged: 1, replaced: 0 })
        expect(py.stats().workers).toMatchObject([{ worker: 0, state: 'wedged' }])
        await expect
          .poll(() => py.stats())
          .toMatchObject({ ...AT_REST, workers: [{ state: 'idle' }] })
        expect(await py.eval('2')).toBe(2)
      })

      it('a session ends with its worker', async () => {
        await using py = await start(place, IMPATIENT)
        const session = await py.session()
        await abort((begun, signal) =>
          session.run(`${CANCELLED}:stubborn`, [begun, 1.5], { signal }),
        )
        await expect.poll(() => py.stats().wedged).toBe(1)
        expect(await refusal(() => session.eval('1'))).toMatchObject({
          code: 'ERR_PYTHREADS_WORKER_DIED',
        })
        await session.close()
        expect(await py.eval('1')).toBe(1)
        await expectRest(py, { ...AT_REST, replaced: 1 })
      })

      it('a nested call goes on: the outer one learns of it at once, and goes on when its thread is back', async () => {
        await using py = await start(place, IMPATIENT)
        const outer = async () => {
          const error = await stuck(py, 1.5)
          await expect.poll(() => py.stats().wedged).toBe(1)
          return error.code
        }
        expect(await py.run(`${CANCELLED}:calls`, [outer])).toBe(ABORTED.code)
        await expectRest(py, { ...AT_REST, replaced: 1 })
      })

      it('a nested call goes on that its callback does not wait for', async () => {
        await using py = await start(place, IMPATIENT)
        const begun = deferred()
        const controller = new AbortController()
        const failures: Promise<PythreadsError>[] = []
        const callback = () => {
          const { signal } = controller
          failures.push(
            refusal(() => py.run(`${CANCELLED}:stubborn`, [begun.resolve, 2], { signal })),
          )
        }
        const answer = py.run(`${CANCELLED}:calls`, [callback])
        await begun.promise
        await sleep(50)
        controller.abort()
        for (const failure of failures) expect(await failure).toMatchObject(ABORTED)
        await expect.poll(() => py.stats().wedged).toBe(1)
        expect(await py.eval('6 * 7')).toBe(42)
        expect(await answer).toBe(null)
        await expectRest(py, { ...AT_REST, replaced: 1 })
      })

      it('close() and destroy() do not wait for its call', async () => {
        for (const end of ['close', 'destroy'] as const) {
          const py = await start(place, IMPATIENT)
          await stuck(py, 4)
          await expect.poll(() => py.stats().wedged).toBe(1)
          const before = performance.now()
          await py[end]('enough')
          expect(performance.now() - before).toBeLessThan(3_500)
        }
      })
    },
  )
}

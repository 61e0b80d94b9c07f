import { ExportedValues } from '../../src/references/exported-values.ts'
import type { EncodedFrame } from '../../src/references/frame-encoder.ts'
import { FrameReferences } from '../../src/references/frame-references.ts'
import {
  DispatchNotes,
  type DispatchTarget,
  Task,
  type TaskOptions,
} from '../../src/scheduler/task.ts'
import { InFlightCalls } from '../../src/worker/in-flight-calls.ts'

/** A call whose outcome is kept. */
export class FakeCall extends Task {
  readonly name: string
  outcome: { value: unknown } | { error: unknown } | undefined

  constructor(options: TaskOptions, name: string) {
    super(
      options,
      fakeFrame(),
      (value) => this.#end({ value }),
      (error) => this.#end({ error }),
    )
    this.name = name
  }

  get error(): { code?: unknown } | undefined {
    return this.outcome !== undefined && 'error' in this.outcome
      ? (this.outcome.error as { code?: unknown })
      : undefined
  }

  #end(outcome: { value: unknown } | { error: unknown }): void {
    if (this.outcome !== undefined) throw new Error(`${this.name} was settled twice`)
    this.outcome = outcome
  }
}

export interface CallOptions {
  readonly workerIndex?: number | undefined
  /** The worker whose callback makes it. */
  readonly origin?: { readonly index: number } | undefined
  readonly priority?: number
  readonly key?: string | undefined
  readonly retries?: number
  readonly name?: string
}

/** Makes calls in order. */
export class Calls {
  #order = 0

  make({ workerIndex, origin, priority = 0, key, retries = 0, name }: CallOptions = {}): FakeCall {
    const order = this.#order++
    const options = {
      order,
      workerIndex,
      origin: origin as DispatchTarget | undefined,
      priority,
      key,
      retries,
      home: undefined,
    }
    return new FakeCall(options, name ?? `call ${order}`)
  }

  /** Takes a number in the order of the calls, as a request for a lease does. */
  next(): number {
    return this.#order++
  }
}

function fakeFrame(): EncodedFrame {
  return {
    slab: Buffer.alloc(8),
    start: 0,
    end: 8,
    references: new FrameReferences(new ExportedValues()),
  }
}

/** A worker without Python: its thread does what a test says. Its books are those of a real one. */
export class FakeWorker {
  readonly index: number
  readonly inFlight: InFlightCalls = new InFlightCalls()
  serving = true
  retiring = false
  readonly notes: DispatchNotes = new DispatchNotes()
  /** All calls that it was sent, in order. */
  readonly got: FakeCall[] = []
  /** Those without an answer. */
  readonly callbacks: number[] = []
  #callback = 0

  constructor(index: number) {
    this.index = index
  }

  get idle(): boolean {
    return this.inFlight.isIdle
  }

  get waits(): boolean {
    return this.inFlight.callback !== undefined
  }

  get isWithinCallback(): boolean {
    return this.inFlight.isWithinCallback
  }

  get depth(): number {
    return this.inFlight.depth
  }

  get runningSince(): number {
    return this.inFlight.since
  }

  /** The calls that it has, as Python would run them. */
  get has(): FakeCall[] {
    return [...this.inFlight.tasks] as FakeCall[]
  }

  isBehind(task: Task): boolean {
    return this.inFlight.isBehind(task)
  }

  cancel(): void {
    throw new Error('the dispatcher cancels nothing')
  }

  send(task: Task): void {
    this.inFlight.add(task)
    this.got.push(task as FakeCall)
  }

  takeBack(): Task[] {
    const taken = [...this.inFlight.behind]
    for (const task of taken) this.#forget(task)
    return taken
  }

  /** The call that runs is done. */
  finish(): FakeCall {
    const task = this.inFlight.running as FakeCall | undefined
    if (task === undefined || this.waits)
      throw new Error(`worker ${this.index} runs nothing that could finish`)
    this.#forget(task)
    return task
  }

  /** The call that runs calls back. Answers the callback's number. */
  callBack(): number {
    this.inFlight.callbackBegan(++this.#callback)
    this.callbacks.push(this.#callback)
    return this.#callback
  }

  answer(callback: number): void {
    if (!this.inFlight.callbackReturned(callback))
      throw new Error(`nobody waits for callback ${callback}`)
    this.callbacks.splice(this.callbacks.indexOf(callback), 1)
  }

  #forget(task: Task): void {
    this.inFlight.settle(task)
    this.inFlight.threadReleased(task)
  }
}

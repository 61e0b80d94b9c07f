import { AsyncResource } from 'node:async_hooks'
import type { ReferenceCounts } from '../references/index.ts'
import { type ExportedValues, type FrameEncoder, FrameReferences } from '../references/index.ts'
import { Task } from '../scheduler/index.ts'
import { KIND } from '../wire/index.ts'
import type { Worker } from '../worker/index.ts'
import type { Admission } from './admission.ts'
import type { Broadcasts, SetupStep } from './broadcasts.ts'
import type { Members } from './members.ts'
import type { PoolOptions } from './options.ts'
import type { RunningCalls } from './running-calls.ts'

interface Parts {
  readonly options: PoolOptions
  readonly admission: Admission
  readonly broadcasts: Broadcasts
  readonly encoder: FrameEncoder
  readonly exported: ExportedValues
  readonly members: Members
  readonly running: RunningCalls
  /** In a shared interpreter, what all workers hold together. */
  readonly shared: ReferenceCounts | undefined
  readonly submission: { nextOrder(): number }
}

/** Launches workers, and runs in each what it has to run before it takes calls. */
export class WorkerLaunch {
  readonly #parts: Parts
  /** In which workers start, whoever needs them: what they tell is no call's. */
  readonly #context = new AsyncResource('PYTHREADS_POOL')

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** `ready` is called in the very moment in which nothing is missing. */
  launch(worker: Worker, ready: () => void): Promise<void> {
    return this.#context.runInAsyncScope(() => this.#launch(worker, ready))
  }

  async #launch(worker: Worker, ready: () => void): Promise<void> {
    const { admission, broadcasts, exported, members, options, shared } = this.#parts
    const { source, initialize } = options
    await worker.start()
    if (admission.isClosed) return worker.kill()
    try {
      const access = source.accept(worker.ready)
      if (access !== undefined) exported.budget.access = access
      if (initialize !== undefined)
        await this.#setUp(worker, { kind: KIND.CALL, write: initialize })
      // What comes meanwhile is among them, as nothing is waited for between the last one and
      // `ready`.
      const isFirst = shared === undefined || members.firstServing === undefined
      for (let i = 0; isFirst && i < broadcasts.steps.length; i++) {
        const step = broadcasts.steps[i]
        if (step !== undefined) await this.#setUp(worker, step)
      }
      ready()
    } catch (error) {
      worker.kill()
      throw error
    }
  }

  #setUp(worker: Worker, { kind, write }: SetupStep): Promise<unknown> {
    const { encoder, exported, running, submission } = this.#parts
    return new Promise((resolve, reject) => {
      const references = new FrameReferences(exported, worker.counts)
      const frame = encoder.encode(kind, write, references)
      const options = {
        order: submission.nextOrder(),
        workerIndex: worker.index,
        origin: undefined,
        priority: 0,
        key: undefined,
        retries: 0,
        home: worker,
        isSetUp: true,
      }
      const task = new Task(options, frame, resolve, reject)
      running.sending(task, worker)
      worker.send(task)
    })
  }
}

import type { Observer } from '../observe/index.ts'
import {
  CallbackReplies,
  ExportedValues,
  FrameEncoder,
  ReferenceCounts,
} from '../references/index.ts'
import { CallProfiles, Dispatcher, Leases, NoProfiles } from '../scheduler/index.ts'
import {
  type LinkTools,
  type Listeners,
  type Worker,
  WorkerSupervisor,
  type WorkerTools,
} from '../worker/index.ts'
import { Admission } from './admission.ts'
import { Broadcasts } from './broadcasts.ts'
import { CallTracing } from './call-tracing.ts'
import { Carried } from './carried.ts'
import { PoolDispatchEvents } from './dispatch-events.ts'
import { GilMonitor } from './gil-monitor.ts'
import { Members } from './members.ts'
import type { PoolOptions } from './options.ts'
import { RefusedModules } from './refused-modules.ts'
import { Resubmission } from './resubmission.ts'
import { RunningCalls } from './running-calls.ts'
import { Submission } from './submission.ts'
import { PoolSupervisorHost } from './supervisor-host.ts'
import { WorkerEnds } from './worker-ends.ts'
import { PoolWorkerEvents } from './worker-events.ts'
import { WorkerLaunch } from './worker-launch.ts'

const NO_LISTENERS: Listeners = Object.freeze({ onWarning: undefined, onLog: undefined })

/**
 * All parts of one pool, and how they know each other: each gets this object, says by an interface
 * of its own which others it needs, and looks at them only after all are made.
 */
export class PoolParts {
  readonly options: PoolOptions
  readonly observer: Observer
  readonly exported: ExportedValues
  /** In a shared interpreter, what all workers hold together. */
  readonly shared: ReferenceCounts | undefined
  readonly encoder: FrameEncoder = new FrameEncoder()
  readonly refused: RefusedModules = new RefusedModules()
  readonly carried: Carried
  readonly tracing: CallTracing
  readonly running: RunningCalls
  readonly resubmission: Resubmission
  readonly ends: WorkerEnds
  readonly broadcasts: Broadcasts
  readonly submission: Submission
  readonly launch: WorkerLaunch
  readonly leases: Leases<Worker>
  readonly dispatcher: Dispatcher<Worker>
  readonly admission: Admission
  readonly members: Members
  readonly gilMonitor: GilMonitor
  readonly workerTools: WorkerTools
  readonly supervisor: WorkerSupervisor<Worker>

  constructor(options: PoolOptions) {
    const { source, observer, listeners = NO_LISTENERS } = options
    this.options = options
    this.observer = observer
    this.exported = new ExportedValues({ access: 'none', limit: source.loanBytes, used: 0 })
    this.shared = source.isShared ? new ReferenceCounts(this.exported) : undefined
    this.carried = new Carried(options)
    this.tracing = new CallTracing(observer)
    this.running = new RunningCalls(this)
    this.resubmission = new Resubmission(this)
    this.ends = new WorkerEnds(this)
    this.broadcasts = new Broadcasts(this)
    this.submission = new Submission(this)
    this.launch = new WorkerLaunch(this)
    const events = new PoolWorkerEvents(this)
    this.leases = new Leases<Worker>((worker) => events.free(worker))
    const profiles = source.capabilities.takingBack ? new CallProfiles() : new NoProfiles()
    this.dispatcher = new Dispatcher(this.leases, new PoolDispatchEvents(this), profiles)
    this.admission = new Admission(this.dispatcher, options.maxQueue)
    this.members = new Members(this.dispatcher.workers)
    this.gilMonitor = new GilMonitor(source.isShared, this.members)
    // Options go down whole: each part takes those of its type.
    const tools: LinkTools = {
      ...options,
      listeners,
      exported: this.exported,
      callbackReplies: new CallbackReplies(this.encoder, this.exported),
    }
    this.workerTools = {
      ...options,
      events,
      link: (host) => source.link(host, tools),
      proxyFor: this.carried.proxyFor,
    }
    const { isKillable, maxMemoryMb } = source
    this.supervisor = new WorkerSupervisor(
      { ...options, isKillable, maxMemoryMb },
      new PoolSupervisorHost(this),
    )
  }
}

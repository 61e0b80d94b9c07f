export { abortError, armLimits, type CallLimits } from './call-limits.ts'
export { Dispatcher } from './dispatcher.ts'
export { type Lease, Leases } from './leases.ts'
export { type CallTarget, type EncodedFrame, FrameEncoder, frameBytes, nameOf, Task, type Write } from './task.ts'

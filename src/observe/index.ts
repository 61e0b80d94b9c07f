export { CHANNEL_NAMES, type ChannelName } from './channels.ts'
export type { CallDetails, CallEvents, CallOutcome, PoolEvents } from './events.ts'
export { Observer } from './observer.ts'
export { Times, type TimesSummary } from './times.ts'

import { type Channel, channel } from 'node:diagnostics_channel'
import type { CallEvents, PoolEvents } from './events.ts'

/**
 * The name of each channel of `node:diagnostics_channel`, by the event that it publishes. A message
 * has the fields of the event and `pool`, the {@link Python} that it is about.
 */
export const CHANNEL_NAMES: Readonly<Record<keyof (PoolEvents & CallEvents), string>> =
  Object.freeze({
    workerStart: 'pythreads:worker:start',
    workerExit: 'pythreads:worker:exit',
    workerWedged: 'pythreads:worker:wedged',
    workerRecycle: 'pythreads:worker:recycle',
    gilEnabled: 'pythreads:gil:enabled',
    drain: 'pythreads:queue:drain',
    callStart: 'pythreads:call:start',
    callEnd: 'pythreads:call:end',
  })

/** The name of an event that a channel publishes, in {@link CHANNEL_NAMES}. */
export type ChannelName = keyof typeof CHANNEL_NAMES

export const CHANNELS: Readonly<Record<ChannelName, Channel>> = Object.fromEntries(
  Object.entries(CHANNEL_NAMES).map(([event, name]) => [event, channel(name)]),
) as Record<ChannelName, Channel>

import { threadId } from 'node:worker_threads'
import { Encoder } from '../wire/index.ts'
import type { WorkerSettings } from './isolation.ts'

/** The payload of a START frame. `sync`: this thread will wait for each reply. */
export function encodeSettings(settings: WorkerSettings, sync: boolean = false): Buffer {
  const encoder = new Encoder()
  const { path, preload, scope, warnings, limits, output, memory, python = null } = settings
  encoder.value({ path, preload, scope, owner: threadId, sync, output, warnings, limits, memory, python }, 'settings')
  return encoder.buffer.subarray(0, encoder.position)
}

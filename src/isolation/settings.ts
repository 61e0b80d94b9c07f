import { Encoder } from '../wire/index.ts'
import type { WorkerSettings } from './isolation.ts'

/** The payload of a START frame. */
export function encodeSettings(settings: WorkerSettings): Buffer {
  const encoder = new Encoder()
  encoder.value({ path: settings.path, preload: settings.preload, scope: settings.scope }, 'settings')
  return encoder.buffer.subarray(0, encoder.position)
}

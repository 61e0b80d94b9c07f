import { threadId } from 'node:worker_threads'
import { Encoder } from '../wire/index.ts'
import type { WorkerSettings } from './isolation.ts'

/**
 * The payload of a START frame. `worker`: its number; without one it is the worker of sync calls,
 * and this thread will wait for each reply.
 */
export function encodeSettings(settings: WorkerSettings, worker?: number): Buffer {
  const encoder = new Encoder()
  const {
    path,
    preload,
    scope,
    flags = 0,
    warnings,
    limits,
    output,
    memory,
    python = null,
  } = settings
  const { errors = null, logging = null, name = '', folders = [] } = settings
  const who = {
    scope,
    flags,
    owner: threadId,
    sync: worker === undefined,
    worker: worker ?? null,
    name,
  }
  const told = { output, warnings, logging, errors, folders }
  encoder.value({ ...who, ...told, path, preload, limits, memory, python }, 'settings')
  return encoder.buffer.subarray(0, encoder.position)
}

import type { Python } from '../../src/index.ts'
import type { Kind } from '../../src/wire/index.ts'
import { file } from './placement.ts'

const MODULE = file('hostile_frames.py').pathname

/** A frame that a worker sends of its own. */
export interface HostileFrame {
  readonly kind: Kind | number
  /** A Python expression for the payload; bytes stand for themselves. */
  readonly payload: string
  /** The request id; default: that of the call that sends it. */
  readonly number?: number
  /** Whether it goes over the side channel. */
  readonly side?: boolean
  /** How often it is sent, all in one. */
  readonly times?: number
  readonly flags?: number
}

/** Has a worker send a frame and wait for ever: the call ends with its worker. */
export function send(py: Python, frame: HostileFrame, worker?: number): Promise<unknown> {
  return py.run(`${MODULE}:send`, [frame.kind, frame.payload], how(frame, worker))
}

/** Has a worker send a frame and return. */
export function tell(py: Python, frame: HostileFrame, worker?: number): Promise<unknown> {
  return py.run(`${MODULE}:tell`, [frame.kind, frame.payload], how(frame, worker))
}

/** Calls another function of `test/python/hostile_frames.py`. */
export function hostile<R = unknown>(
  py: Python,
  name: string,
  args: unknown[] = [],
  worker?: number,
): Promise<R> {
  return py.run<R>(`${MODULE}:${name}`, args, worker === undefined ? {} : { worker })
}

function how({ kind: _, payload: __, ...kwargs }: HostileFrame, worker: number | undefined) {
  return { kwargs, ...(worker === undefined ? {} : { worker }) }
}

import { HEADER_BYTES, KIND, type Kind, writeHeader } from '../wire/index.ts'
import { Crossing } from './crossing.ts'
import { Locals } from './locals.ts'
import { FrameEncoder, frameBytes } from './task.ts'

export const EMPTY: Buffer = Buffer.alloc(0)

/** A frame with a payload that is encoded already. */
export function frame(kind: Kind, payload: Buffer, id: number = 0): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.length)
  writeHeader(bytes, 0, payload.length, id, kind)
  payload.copy(bytes, HEADER_BYTES)
  return bytes
}

const encoder = new FrameEncoder()
const nothing = new Locals()

/** The frame that has objects dropped in Python. */
export function releaseFrame(ids: readonly number[]): Buffer {
  return frameBytes(
    encoder.encode(KIND.RELEASE, (payload) => payload.value(ids, 'ids'), new Crossing(nothing)),
    0,
  )
}

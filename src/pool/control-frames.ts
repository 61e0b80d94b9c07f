import { KIND } from '../wire/index.ts'
import { Crossing } from './crossing.ts'
import { Locals } from './locals.ts'
import { FrameEncoder, frameBytes } from './task.ts'

const encoder = new FrameEncoder()
const nothing = new Locals()

/** The frame that has objects dropped in Python. */
export function releaseFrame(ids: readonly number[]): Buffer {
  return frameBytes(
    encoder.encode(KIND.RELEASE, (payload) => payload.value(ids, 'ids'), new Crossing(nothing)),
    0,
  )
}

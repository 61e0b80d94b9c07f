import { KIND } from '../wire/index.ts'
import { ExportedValues } from './exported-values.ts'
import { FrameEncoder, frameBytes } from './frame-encoder.ts'
import { FrameReferences } from './frame-references.ts'

const encoder = new FrameEncoder()
const nothing = new ExportedValues()

/** The frame that has objects dropped in Python. */
export function releaseFrame(ids: readonly number[]): Buffer {
  return frameBytes(
    encoder.encode(
      KIND.RELEASE,
      (payload) => payload.value(ids, 'ids'),
      new FrameReferences(nothing),
    ),
    0,
  )
}

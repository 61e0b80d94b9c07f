import { KIND } from '../wire/index.ts'
import { ExportedValues } from './exported-values.ts'
import { FrameEncoder, frameBytes } from './frame-encoder.ts'
import { FrameReferences } from './frame-references.ts'

const encoder = new FrameEncoder()
const noValues = new ExportedValues()

/** The frame that makes Python drop the objects with these ids. */
export function releaseFrame(ids: readonly number[]): Buffer {
  return frameBytes(
    encoder.encode(
      KIND.RELEASE,
      (payload) => payload.value(ids, 'ids'),
      new FrameReferences(noValues),
    ),
    0,
  )
}

export {
  CALLER,
  type CallbackHost,
  CallbackReplies,
  CallbackRunner,
  callbackContext,
  checkRequest,
  isThenable,
  promiseInSyncCall,
  readCallback,
} from './callbacks.ts'
export { ReferenceCounts } from './counts.ts'
export { ExportedValues } from './exported-values.ts'
export { type EncodedFrame, FrameEncoder, frameBytes, type Write } from './frame-encoder.ts'
export { FrameReferences } from './frame-references.ts'
export { bindToObject, bindToTarget, Handle, handleOf, type Owner } from './handles.ts'
export { releaseFrame } from './release-frame.ts'

export { callFlags } from './call-flags.ts'
export {
  CALLER,
  type CallbackHost,
  CallbackReplies,
  CallbackRunner,
  callbackContext,
  readCallback,
} from './callbacks.ts'
export { ReferenceCounts } from './counts.ts'
export { type CallContext, ExportedValues } from './exported-values.ts'
export {
  type EncodedFrame,
  FrameEncoder,
  finishFrame,
  frameBytes,
  type Write,
} from './frame-encoder.ts'
export { FrameReferences } from './frame-references.ts'
export { bindToObject, bindToTarget, Handle, handleOf, type Owner } from './handles.ts'
export { Peer, type PeerTools } from './peer.ts'
export { releaseFrame } from './release-frame.ts'

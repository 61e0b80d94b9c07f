export { type Caller, callerOf } from './caller.ts'
export { Keywords, kw } from './keywords.ts'
export { importedModule, remoteModule } from './remote-module.ts'
export { remoteObject } from './remote-object.ts'
export {
  callRequest,
  evalRequest,
  execRequest,
  moduleFile,
  moduleRequest,
  runRequest,
} from './requests.ts'
export { Session } from './session.ts'
export { readSource, type SourceArguments } from './source.ts'
export { SyncPython } from './sync.ts'
export type { PythonObject, Remote, RemoteGenerator, RemoteMember, RemoteReference, SyncGenerator, SyncRemote } from './typed.ts'
export type {
  Importable,
  Operations,
  RemoteAttribute,
  RemoteContext,
  RemoteLifetime,
  RemoteModule,
  RemoteObject,
  RemoteObjectOperations,
  SyncAttribute,
  SyncLifetime,
  SyncModule,
  SyncObject,
  SyncOperations,
} from './types.ts'

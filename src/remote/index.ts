export { type Caller, callerOf } from './caller.ts'
export { refusedToJson } from './json.ts'
export { type Keywords, kw, splitArguments } from './keywords.ts'
export { type Operator, operation } from './operations.ts'
export {
  callable,
  describedBy,
  importedModule,
  letGoOfNothing,
  PythonModule,
  refuseToChange,
  remoteModule,
  shownAs,
} from './remote-module.ts'
export { isRefusedHere, RemoteObjectTarget, remoteObject } from './remote-object.ts'
export {
  attributeOf,
  callRequest,
  checkModuleName,
  evalRequest,
  execRequest,
  getRequest,
  moduleFile,
  moduleRequest,
  operateRequest,
  runRequest,
  runTarget,
  type Target,
  textRequest,
} from './requests.ts'
export { Session } from './session.ts'
export { readSource, type SourceArguments } from './source.ts'
export type {
  PythonObject,
  Remote,
  RemoteGenerator,
  RemoteMember,
  RemoteReference,
  SyncGenerator,
  SyncRemote,
} from './typed.ts'
export type {
  Importable,
  Operations,
  RemoteAttribute,
  RemoteContext,
  RemoteLifetime,
  RemoteModule,
  RemoteObject,
  SyncAttribute,
  SyncLifetime,
  SyncModule,
  SyncObject,
  SyncOperations,
} from './types.ts'

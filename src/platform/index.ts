export { spinFirst } from './blocking-spin.ts'
export { describeEnd, leavesZombies } from './child-ends.ts'
export { EventLoopSpin } from './event-loop-spin.ts'
export { HeldMemory } from './held-memory.ts'
export { javascriptRuntime } from './javascript-runtime.ts'
export { namelessFiles } from './nameless-file.ts'
export { isPrivateGroup } from './private-groups.ts'
export { canKeep } from './process-bounds.ts'
export { residentMb } from './process-memory.ts'
export {
  frameworkFolder,
  hasLauncher,
  howToInstall,
  isOwnStarter,
  programFile,
  pythonCommand,
  pythonIn,
  sitePackages,
  systemFolders,
  userSitePackages,
} from './python-files.ts'
export { type Activity, activityOf } from './thread-state.ts'
export { cacheFolder, managerFolders } from './user-folders.ts'
export { hasVariable, ownVariables } from './variables.ts'
export { type Channel, type WorkerChannels, workerChannels } from './worker-channels.ts'

export { cacheFolder } from './cache-folder.ts'
export { reserveDescriptors } from './descriptors.ts'
export { checkEnvironment } from './environment.ts'
export { type Executed, execute } from './execute.ts'
export { isTooOld, OLDEST_PYTHON, type PythonFacts } from './facts.ts'
export {
  BY_DEPENDENCIES,
  type FoundPython,
  findAll,
  findPython,
  howToGetPython,
  isLacking,
  type Looked,
} from './find.ts'
export { prepareKernel } from './kernel-files.ts'
export { onPath } from './on-path.ts'
export { readOwn, readPlain, UntrustedError, writeOwn } from './own-files.ts'
export { whoseChangeOnPath } from './ownership.ts'
export { probe } from './probe.ts'
export { projectFolders } from './projects.ts'
export { cacheState, whyNotRecalled } from './remembered.ts'
export { startupShadows } from './shadows.ts'
export { type VersionRange, versionRange } from './versions.ts'

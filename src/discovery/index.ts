export { checkEnvironment } from './environment.ts'
export { isTooOld, OLDEST_PYTHON, type PythonFacts } from './facts.ts'
export { type FoundPython, findAll, findPython, type Looked } from './find.ts'
export { probe } from './probe.ts'

export { check } from './check.ts'
export type { IsolationOption, MapOptions, OutputLine, PythonOptions, RunOptions } from './options.ts'
export * from './resolve.ts'

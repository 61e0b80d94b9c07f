export { check, isKeywordValues } from './check.ts'
export type * from './options.ts'
export * from './resolve.ts'

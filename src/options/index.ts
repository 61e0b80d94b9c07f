export { check } from './check.ts'
export type * from './options.ts'
export * from './resolve.ts'

export { decode } from './decoder.ts'
export { Encoder } from './encoder.ts'
export * from './frames.ts'

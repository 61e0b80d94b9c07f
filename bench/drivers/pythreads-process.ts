import type { Driver } from '../lib/engine.ts'
import { pythreads } from './pythreads.ts'

export const driver: Driver = pythreads('process')

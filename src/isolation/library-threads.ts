import { hasVariable } from '../platform/index.ts'

/**
 * How libraries for numbers are told how many threads to start. Those that follow OpenMP read its
 * variable where their own is not set.
 */
const OPENMP = 'OMP_NUM_THREADS'
const FOLLOW_OPENMP = ['OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS', 'NUMEXPR_NUM_THREADS']
const OTHERS = ['VECLIB_MAXIMUM_THREADS', 'NUMBA_NUM_THREADS']

/**
 * An environment in which each library starts that number of threads. What the environment says
 * already counts.
 */
export function withLibraryThreads(env: NodeJS.ProcessEnv, threads: number): NodeJS.ProcessEnv {
  const names = hasVariable(env, OPENMP) ? OTHERS : [OPENMP, ...FOLLOW_OPENMP, ...OTHERS]
  const unset = names.filter((name) => !hasVariable(env, name))
  return { ...Object.fromEntries(unset.map((name) => [name, String(threads)])), ...env }
}

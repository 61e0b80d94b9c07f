import type { Driver, Kind } from '../lib/engine.ts'

/**
 * What is known of a driver before its library is loaded, which only happens in the process of a
 * cell.
 */
export interface DriverInfo {
  readonly name: string
  readonly kind: Kind
  readonly ours: boolean
  /** Its package of npm, in `peers` of bench/package.json. */
  readonly peer?: string
  /**
   * Which Python it is measured with: the one with numpy, the newest that has interpreters with a
   * GIL each, one without a GIL, or its own.
   */
  readonly python: 'main' | 'subinterpreter' | 'freeThreaded' | 'own'
  /**
   * It embeds the installation itself, so that the packages of the virtual environment have to be
   * shown to it.
   */
  readonly embeds?: boolean
  /**
   * What it calls asynchronous runs on the thread that calls, which can do nothing else meanwhile:
   * no peer to be measured against there.
   */
  readonly blocks?: boolean
  readonly load: () => Promise<Driver>
}

/** In the order in which a round goes through them. */
export const DRIVERS: readonly DriverInfo[] = [
  {
    name: 'pythreads-thread',
    kind: 'in-process',
    ours: true,
    python: 'main',
    load: async () => (await import('./pythreads-thread.ts')).driver,
  },
  {
    name: 'pythreads-subinterpreter',
    kind: 'in-process',
    ours: true,
    python: 'subinterpreter',
    load: async () => (await import('./pythreads-subinterpreter.ts')).driver,
  },
  {
    name: 'pythreads-free-threaded',
    kind: 'in-process',
    ours: true,
    python: 'freeThreaded',
    load: async () => (await import('./pythreads-free-threaded.ts')).driver,
  },
  {
    name: 'pythreads-process',
    kind: 'out-of-process',
    ours: true,
    python: 'main',
    load: async () => (await import('./pythreads-process.ts')).driver,
  },
  {
    name: 'concurrent-c-python',
    kind: 'in-process',
    ours: false,
    peer: 'concurrent-c-python',
    python: 'main',
    load: async () => (await import('./concurrent-c-python.ts')).driver,
  },
  {
    name: 'node-calls-python',
    kind: 'in-process',
    ours: false,
    peer: 'node-calls-python',
    python: 'main',
    embeds: true,
    load: async () => (await import('./node-calls-python.ts')).driver,
  },
  {
    name: 'pymport',
    kind: 'in-process',
    ours: false,
    peer: 'pymport',
    python: 'main',
    embeds: true,
    load: async () => (await import('./pymport.ts')).driver,
  },
  {
    name: 'pyodide',
    kind: 'in-process',
    ours: false,
    peer: 'pyodide',
    python: 'own',
    blocks: true,
    load: async () => (await import('./pyodide.ts')).driver,
  },
  {
    name: 'concurrent-c-python-isolated',
    kind: 'out-of-process',
    ours: false,
    peer: 'concurrent-c-python',
    python: 'main',
    load: async () => (await import('./concurrent-c-python-isolated.ts')).driver,
  },
  {
    name: 'pythonia',
    kind: 'out-of-process',
    ours: false,
    peer: 'pythonia',
    python: 'main',
    load: async () => (await import('./pythonia.ts')).driver,
  },
  {
    name: 'python-shell',
    kind: 'out-of-process',
    ours: false,
    peer: 'python-shell',
    python: 'main',
    load: async () => (await import('./python-shell.ts')).driver,
  },
  {
    name: 'child-process',
    kind: 'out-of-process',
    ours: false,
    python: 'main',
    load: async () => (await import('./child-process.ts')).driver,
  },
]

import type { PythonFacts } from '../discovery/index.ts'
import { javascriptRuntime } from '../platform/index.ts'
import type { IsolationKind } from './table.ts'

/**
 * Whether a Python can do an isolation: `auto` may choose it, only a user may, by name (`request`),
 * or nobody (`never`).
 */
export type Verdict = 'auto' | 'request' | 'never'

/** One rule; the first that matches decides. */
interface SupportRule {
  readonly isolation: IsolationKind
  readonly when: (facts: PythonFacts) => boolean
  readonly verdict: Verdict
  readonly reason: string
}

const olderThan = (major: number, minor: number, micro: number) => (facts: PythonFacts) => {
  const [a, b, c] = facts.version
  return a !== major ? a < major : b !== minor ? b < minor : c < micro
}
const always = () => true
const noLibpython = (facts: PythonFacts) => facts.libpython === null
const wrapper = (facts: PythonFacts) => facts.isWrapper === true
const windows = () => process.platform === 'win32'
const notNode = () => javascriptRuntime() !== 'node'
const FEW_LOAD =
  'each interpreter has a GIL of its own, but most extension modules refuse to load in one'
const ONLY_IN_NODE = 'in-process Python does not work in Bun, Deno and Electron'

const AROUND =
  'it is started by another program (a sandbox, for example), which Python in this process would go around'

/** What each version of CPython can carry. The facts behind the rows are in design/isolation.md. */
export const SUPPORT_MATRIX: readonly SupportRule[] = [
  { isolation: 'thread', when: notNode, verdict: 'never', reason: ONLY_IN_NODE },
  {
    isolation: 'thread',
    when: windows,
    verdict: 'never',
    reason: 'in-process Python is not supported on Windows yet',
  },
  { isolation: 'thread', when: wrapper, verdict: 'never', reason: AROUND },
  {
    isolation: 'thread',
    when: noLibpython,
    verdict: 'never',
    reason: 'it has no shared libpython',
  },
  {
    isolation: 'thread',
    when: (facts) => facts.freeThreaded,
    verdict: 'auto',
    reason: 'it is a free-threaded build: threads of one interpreter run Python in parallel',
  },
  {
    isolation: 'thread',
    when: always,
    verdict: 'request',
    reason: 'its threads share one GIL: they take turns in Python code',
  },
  { isolation: 'subinterpreter', when: notNode, verdict: 'never', reason: ONLY_IN_NODE },
  {
    isolation: 'subinterpreter',
    when: windows,
    verdict: 'never',
    reason: 'in-process Python is not supported on Windows yet',
  },
  { isolation: 'subinterpreter', when: wrapper, verdict: 'never', reason: AROUND },
  {
    isolation: 'subinterpreter',
    when: noLibpython,
    verdict: 'never',
    reason: 'it has no shared libpython',
  },
  {
    isolation: 'subinterpreter',
    when: olderThan(3, 12, 0),
    verdict: 'never',
    reason: 'interpreters with a GIL of their own need Python 3.12 or newer',
  },
  {
    isolation: 'subinterpreter',
    when: (facts) => facts.freeThreaded,
    verdict: 'never',
    reason: 'a free-threaded build has no GIL to give to each interpreter: use thread isolation',
  },
  {
    isolation: 'subinterpreter',
    when: olderThan(3, 13, 0),
    verdict: 'request',
    reason:
      '3.12 corrupts memory when interpreters come and go, and ctypes and zoneinfo do not load in them',
  },
  {
    isolation: 'subinterpreter',
    when: olderThan(3, 14, 0),
    verdict: 'request',
    reason: `${FEW_LOAD} (on 3.13 they stay when a pool closes: 3.13 leaks them)`,
  },
  {
    isolation: 'subinterpreter',
    when: olderThan(3, 14, 1),
    verdict: 'never',
    reason: 'interpreters are unstable in 3.14.0: use 3.14.1 or newer',
  },
  { isolation: 'subinterpreter', when: always, verdict: 'request', reason: FEW_LOAD },
  {
    isolation: 'process',
    when: always,
    verdict: 'auto',
    reason: 'each worker is a process with a GIL of its own, in which every extension module loads',
  },
]

export interface Support {
  readonly verdict: Verdict
  readonly reason: string
  /** What would make it possible, where somebody can do something about it. */
  readonly remedy: string | undefined
}

/** Says whether a Python can do an isolation, and why. */
export function supportOf(isolation: IsolationKind, facts: PythonFacts): Support {
  const rule = SUPPORT_MATRIX.find((row) => row.isolation === isolation && row.when(facts))
  if (rule === undefined) throw new Error(`no rule for ${isolation}`)
  return {
    verdict: rule.verdict,
    reason: rule.reason,
    remedy: rule.verdict === 'never' ? remedyFor(isolation, facts) : undefined,
  }
}

function remedyFor(isolation: IsolationKind, facts: PythonFacts): string | undefined {
  if (windows() || notNode() || wrapper(facts)) return undefined
  if (noLibpython(facts)) return libpythonHint(facts)
  if (facts.freeThreaded) return "use isolation 'thread'"
  return isolation === 'subinterpreter' ? 'use Python 3.14.1 or newer (3.13 also works)' : undefined
}

/** How to get the shared library of a Python that has none. */
export function libpythonHint(facts: PythonFacts): string {
  const [major, minor] = facts.version
  if (facts.debian) return `apt install libpython${major}.${minor}`
  const pyenv = `PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install ${facts.release}`
  return `use a Python with ${facts.libpythonName || 'a shared libpython'}, e.g. one of uv, or ${pyenv}`
}

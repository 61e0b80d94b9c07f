import { TestRunner } from 'vitest'

/** Whether this is `npm run test:full`: every Python and Node, and counts that take minutes. */
export const isFull: boolean = process.env['PYTHREADS_TESTS'] === 'full'

declare module 'vitest' {
  interface TaskMeta {
    /** The full suite does more of this than the quick one, so CI runs it in both (passed.ts). */
    scaled?: boolean
    /** The quick suite runs a part of the tests below. */
    part?: Part
    /** The other suite runs this test. */
    left?: boolean
  }
}

/**
 * How much a test does: `quick` in `npm test`, `full` in `npm run test:full`. A subject is never
 * left out of either. Call `scaled` in the test or `describe` that it concerns: at the top of a
 * file CI runs every test of that file in both.
 */
export function scaled<T>(quick: T, full: T): T {
  if (quick !== full) markScaled()
  return isFull ? full : quick
}

/** Marks the test that runs, or the suite that is being collected. */
function markScaled(): void {
  const test = TestRunner.getCurrentTest()
  if (test !== undefined) {
    // Which of several concurrent tests called is not known.
    const task = test.concurrent ? (test.suite ?? test.file) : test
    task.meta.scaled = true
    return
  }
  const { suite, file } = TestRunner.getCurrentSuite()
  const task = suite ?? file
  if (task !== undefined) task.meta.scaled = true
}

/**
 * Combinations for a test: all of them in the full suite, in the quick one as few as have each
 * value of each dimension. Another `turn` (such as the index of a placement) gives other
 * combinations, so that few are in no placement at all.
 */
export function sampled<T extends object>(cases: readonly T[], turn = 0): readonly T[] {
  if (isFull) return cases
  const valuesOf = (one: T) =>
    Object.entries(one).map(([dimension, value]) => `${dimension}: ${value}`)
  const unseen = new Set(cases.flatMap(valuesOf))
  const news = (one: T) => valuesOf(one).filter((value) => unseen.has(value)).length
  const left = cases.map((_, index) => cases[(index + turn * 7) % cases.length] as T)
  const chosen = new Set<T>()
  while (unseen.size > 0) {
    const best = left.reduce((most, one) => (news(one) > news(most) ? one : most))
    chosen.add(best)
    for (const value of valuesOf(best)) unseen.delete(value)
  }
  return cases.filter((one) => chosen.has(one))
}

/**
 * One of `of` parts of the cases in the quick suite, all of them in the full one: each part in
 * another placement, by its `turn`.
 */
export function spread<T>(cases: readonly T[], turn: number, of = 2): readonly T[] {
  return isFull ? cases : cases.filter((_, index) => index % of === turn % of)
}

/** One test of every `of`: the first with the index `part`. */
export interface Part {
  readonly part: number
  readonly of: number
}

/**
 * The quick suite runs one of every `of` tests of each `describe` below this one, always one at
 * least; which ones, says the number.
 */
export function partOfEach(part: number, of: number): void {
  const { suite } = TestRunner.getCurrentSuite()
  if (!isFull && suite !== undefined) suite.meta.part = { part, of }
}

/** Whether this is `npm run test:full`: every Python and Node, and counts that take minutes. */
export const isFull: boolean = process.env['PYTHREADS_TESTS'] === 'full'

/** How much a test does: `quick` in `npm test`, `full` in `npm run test:full`. A subject is never left out of either. */
export function scaled<T>(quick: T, full: T): T {
  return isFull ? full : quick
}

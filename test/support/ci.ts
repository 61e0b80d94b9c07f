/**
 * Whether this is CI, where what is not installed is a failure: a test that is left out there would
 * pass for ever.
 */
export function isCi(): boolean {
  return Boolean(process.env['CI'])
}

/** How a child process ends. Windows has no signals: a crash is a status. */

/** Statuses that Windows gives a process that it ends, and one for Ctrl-C. */
const CRASHES: Readonly<Record<number, string>> = {
  3221225477: 'access violation',
  3221225478: 'an error while a page was read from the disk',
  3221225495: 'no memory is left',
  3221225501: 'illegal instruction',
  3221225620: 'division by zero',
  3221225725: 'stack overflow',
  3221225781: 'a DLL was not found',
  3221225785: 'a DLL lacks a function',
  3221225786: 'Ctrl-C, or its console was closed',
  3221225794: 'a DLL cannot be initialised',
  3221226356: 'heap corruption',
  3221226505: 'stack corruption, or abort()',
}
/** Statuses from here on are those of exceptions. */
const FIRST_EXCEPTION = 0x8000_0000

/** Says how a process ended. */
export function describeEnd(
  status: number | null,
  signal: NodeJS.Signals | null,
  system: NodeJS.Platform = process.platform,
): string {
  if (signal !== null) return `it was ended by ${signal}`
  if (system !== 'win32' || status === null || status >>> 0 < FIRST_EXCEPTION)
    return `it ended with status ${status}`
  const number = status >>> 0
  const crash = CRASHES[number]
  const hex = `0x${number.toString(16).toUpperCase()}`
  return `it ended with status ${hex}${crash === undefined ? '' : ` (${crash})`}`
}

/** Whether a child that has ended stays in the list of processes until its parent asks for it. */
export function leavesZombies(system: NodeJS.Platform = process.platform): boolean {
  return system !== 'win32'
}

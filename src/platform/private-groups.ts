import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'

/** The group of administrators on macOS. Each member can become root (`sudo`). */
const MACOS_ADMIN = 80
/** The group of root. On macOS it is called `wheel`, and nobody else is in it. */
const MACOS_WHEEL = 0

/**
 * Whether a group has no members other than this user and root, or users who can become root. Many
 * systems give each user a group of their own, and make new files writable for the group. On macOS,
 * installers make their folders writable for administrators (python.org, Homebrew).
 */
export function isPrivateGroup(group: number, system: NodeJS.Platform = process.platform): boolean {
  if (system === 'darwin') return group === MACOS_ADMIN || group === MACOS_WHEEL
  // on other systems /etc/group and /etc/passwd do not name all users
  return system === 'linux' && hasNoOthers(group)
}

function hasNoOthers(group: number): boolean {
  try {
    const own = ['root', userInfo().username]
    const entry = records('/etc/group').find(([, , number]) => Number(number) === group)
    const members = entry?.[3]?.split(',').filter((name) => name !== '')
    if (members === undefined || !members.every((name) => own.includes(name))) return false
    return records('/etc/passwd').every(
      ([name = '', , , number]) => Number(number) !== group || own.includes(name),
    )
  } catch {
    return false
  }
}

function records(file: string): string[][] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => line.split(':'))
}

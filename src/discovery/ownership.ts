import { lstatSync, readlinkSync, type Stats } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join, parse, resolve, sep } from 'node:path'
import { attempt } from '../attempt.ts'
import { isPrivateGroup } from '../platform/index.ts'

/**
 * Finds out whether another user can change a file. Such a file is neither run nor loaded, unless
 * the user named it. Root does not count, as root can change everything. On Windows nothing is
 * refused: Node shows no owners there.
 */

const GROUP_MAY_WRITE = 0o020
const OTHERS_MAY_WRITE = 0o002
/** In a folder with this bit each user can change only their own entries, as in /tmp. */
const STICKY = 0o1000
const MAX_LINKS = 40

interface ChangeOptions {
  /** Whether a sticky folder is accepted: other users cannot change this user's entries in it. */
  readonly mayBeSticky: boolean
}

const NOT_STICKY: ChangeOptions = { mayBeSticky: false }

/**
 * Says why another user can change the file with these attributes; `undefined` when none can.
 * `path`: the name of the file in that sentence.
 */
export function whoseChange(
  path: string,
  stat: Stats,
  { mayBeSticky }: ChangeOptions = NOT_STICKY,
): string | undefined {
  const user = process.geteuid?.()
  if (user === undefined) return undefined
  if (stat.uid !== 0 && stat.uid !== user)
    return `${path} belongs to user ${stat.uid}, neither to ${nameOf(user)} nor to root`
  if (stat.isSymbolicLink()) return undefined // the mode of a link means nothing
  if (mayBeSticky && stat.isDirectory() && (stat.mode & STICKY) !== 0) return undefined
  const isOpen =
    (stat.mode & OTHERS_MAY_WRITE) !== 0 ||
    ((stat.mode & GROUP_MAY_WRITE) !== 0 && !isPrivate(stat.gid))
  return isOpen ? `other users may write to ${path}` : undefined
}

/**
 * Says why another user can change the file at a path: the file itself, a folder on the way to it,
 * or a link. Returns `undefined` when none can, or there is no file. Then nobody can exchange the
 * file between this check and its use either.
 */
export function whoseChangeOnPath(path: string, how?: ChangeOptions): string | undefined {
  const { root } = parse(resolve(path))
  let at = root
  let links = 0
  const parts = partsOf(resolve(path).slice(root.length))
  const look = (isLast: boolean) => {
    // `undefined`: the path does not exist, or this user may not look there
    const stat = attempt(() => lstatSync(at))
    return { stat, reason: stat && whoseChange(at, stat, isLast ? how : { mayBeSticky: true }) }
  }
  const { reason } = look(parts.length === 0)
  if (reason !== undefined) return reason
  while (parts.length > 0) {
    const part = parts.shift() as string
    if (part === '..') {
      at = dirname(at)
      continue
    }
    at = join(at, part)
    const { stat, reason } = look(parts.length === 0)
    if (stat === undefined || reason !== undefined) return reason
    if (!stat.isSymbolicLink()) continue
    if (++links > MAX_LINKS) return `${path} leads through too many links`
    const target = readlinkSync(at)
    const start = parse(target).root
    parts.unshift(...partsOf(target.slice(start.length)))
    at = start === '' ? dirname(at) : start
  }
  return undefined
}

function partsOf(path: string): string[] {
  return path.split(sep).filter((part) => part !== '' && part !== '.')
}

/** Whether a group is private, which takes time to find out. */
function isPrivate(group: number): boolean {
  let known = privacy.get(group)
  if (known === undefined) {
    known = isPrivateGroup(group)
    privacy.set(group, known)
  }
  return known
}

const privacy = new Map<number, boolean>()

function nameOf(user: number): string {
  try {
    const { uid, username } = userInfo()
    if (uid === user) return username
  } catch {
    // the user has no name, as in some containers
  }
  return `user ${user}`
}

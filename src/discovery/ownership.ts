import { lstatSync, readFileSync, readlinkSync, type Stats } from 'node:fs'
import { userInfo } from 'node:os'
import { dirname, join, parse, resolve, sep } from 'node:path'
import { attempt } from '../attempt.ts'

/**
 * Who else can change a file: what another user can change is neither run nor loaded, unless
 * somebody named it. Root can change everything anyway. Windows tells no owners: nothing is refused
 * there.
 */

const GROUP_MAY_WRITE = 0o020
const OTHERS_MAY_WRITE = 0o002
/** In a folder with this bit each user can change only their own entries, as in /tmp. */
const STICKY = 0o1000
const MAX_LINKS = 40

/** What may be, nevertheless. */
interface ChangeOptions {
  /** A folder in which each user can change only their own entries. */
  readonly mayBeSticky: boolean
}

const NOT_STICKY: ChangeOptions = { mayBeSticky: false }

/**
 * Why another user can change what has these attributes; `undefined` when none can. `path`: what
 * the reason calls it.
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
  if (stat.isSymbolicLink()) return undefined // has no mode of its own
  if (mayBeSticky && stat.isDirectory() && (stat.mode & STICKY) !== 0) return undefined
  const isOpen =
    (stat.mode & OTHERS_MAY_WRITE) !== 0 ||
    ((stat.mode & GROUP_MAY_WRITE) !== 0 && !isPrivate(stat.gid))
  return isOpen ? `other users may write to ${path}` : undefined
}

/**
 * Why another user can change what a path leads to: what is there, a folder on the way to it, or a
 * link. `undefined` when none can, or nothing is there. Where none can, nobody can exchange the
 * file between this look and its use.
 */
export function whoseChangeOnPath(path: string, how?: ChangeOptions): string | undefined {
  const { root } = parse(resolve(path))
  let at = root
  let links = 0
  const parts = partsOf(resolve(path).slice(root.length))
  const look = (isLast: boolean) => {
    // not there, behind what is no folder, or where this user may not look
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

const privacy = new Map<number, boolean>()

/**
 * Whether a group has no members other than this user and root. Many systems give each user such a
 * group, and let it write to all files.
 */
function isPrivate(group: number): boolean {
  let known = privacy.get(group)
  if (known === undefined) {
    // elsewhere these files do not name all users
    known = process.platform === 'linux' && hasNoOthers(group)
    privacy.set(group, known)
  }
  return known
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

function nameOf(user: number): string {
  try {
    const { uid, username } = userInfo()
    if (uid === user) return username
  } catch {
    // a user without a name, as in containers
  }
  return `user ${user}`
}

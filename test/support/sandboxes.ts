import { spawnSync } from 'node:child_process'

/** The recipes of docs/security.md. */
export type Recipe = 'bwrap' | 'user' | 'network' | 'seccomp'

const PYTHON = '/usr/bin/python3'
const SUPPORTED = 'import sys; sys.exit(sys.version_info < (3, 10))'

const works = (command: string, ...args: string[]) =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0
const isRoot = process.getuid?.() === 0

/** What this machine lacks for a recipe, if it does. */
export function whyNoSandbox(recipe: Recipe): string | undefined {
  if (process.platform !== 'linux') return `sandbox of docs/security.md: ${recipe} (Linux)`
  if (recipe === 'seccomp')
    return process.arch === 'x64'
      ? undefined
      : 'x86-64 processor for the seccomp sandbox of docs/security.md'
  if (!works(PYTHON, '-c', SUPPORTED))
    return `${PYTHON} 3.10 or newer for the sandboxes of docs/security.md`
  if (recipe === 'user') {
    return isRoot && works('setpriv', '--reuid', '65534', '--clear-groups', 'true')
      ? undefined
      : 'right to become another user (setpriv, root)'
  }
  if (recipe === 'network')
    return isRoot && works('unshare', '--net', 'true')
      ? undefined
      : 'right to be without a network (unshare, root)'
  return works(
    'bwrap',
    '--unshare-user',
    '--unshare-all',
    '--ro-bind',
    '/',
    '/',
    '--proc',
    '/proc',
    'true',
  )
    ? undefined
    : 'bwrap that may make namespaces (apt install bubblewrap)'
}

/** For the end of a run. */
export function missingSandboxes(): string[] {
  const all = (['bwrap', 'user', 'network', 'seccomp'] as const).flatMap(
    (recipe) => whyNoSandbox(recipe) ?? [],
  )
  return [...new Set(all)]
}

import { PythreadsError } from './pythreads-error.ts'

/** The flags of Node that allow what its permission model forbids, by the names in its errors. */
const FLAGS: Readonly<Record<string, string>> = {
  ChildProcess: '--allow-child-process',
  FileSystemRead: '--allow-fs-read',
  FileSystemWrite: '--allow-fs-write',
  Net: '--allow-net',
  FFI: '--allow-ffi',
}

/** Where there is no permission model, `--no-addons` forbids addons. */
const ADDONS = '--allow-addons (and no --no-addons)'

/**
 * The error for something that Node's permission model forbids (`--permission`); `undefined` where
 * `cause` says something else. The message names the flag that would allow it.
 */
export function forbidden(what: string, cause: unknown): PythreadsError | undefined {
  const { code, permission, resource } = (cause ?? {}) as {
    code?: unknown
    permission?: unknown
    resource?: unknown
  }
  const flag =
    code === 'ERR_ACCESS_DENIED'
      ? (FLAGS[String(permission)] ?? String(permission))
      : code === 'ERR_DLOPEN_DISABLED'
        ? ADDONS
        : undefined
  if (flag === undefined) return undefined
  const which = flag.startsWith('--allow-fs') && resource ? `${flag}=${String(resource)}` : flag
  const message = `${what}: Node was started without the permission. To allow it: node ${which}`
  return new PythreadsError('ERR_PYTHREADS_PERMISSION', message, { cause })
}

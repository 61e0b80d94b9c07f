/** Whether this is Electron, or the Node that is part of it. */
export const isElectron = (): boolean => process.versions['electron'] !== undefined

/**
 * Returns the path by which Python finds a file. Electron reads files out of archives, Python
 * cannot: a file that `asarUnpack` names is not in `app.asar` but in `app.asar.unpacked`. Electron
 * itself replaces the path for programs that it starts, and not for their arguments.
 */
export function outsideArchive(path: string): string {
  return isElectron() ? path.replace(/\.asar(?=[\\/])/, '.asar.unpacked') : path
}

import { fileURLToPath } from 'node:url'

/**
 * The folder to put on Python's path for `pythreads_kernel`. The same from `src/` and from the
 * bundles in `dist/`: both are beside it.
 */
export const KERNEL_FOLDER: string = fileURLToPath(new URL('../kernel', import.meta.url))

/**
 * Tells a program that starts a Python, such as a script with a sandbox, which folder that Python
 * has to read.
 */
export const KERNEL_VARIABLE: Readonly<Record<string, string>> = { PYTHREADS_KERNEL: KERNEL_FOLDER }

/**
 * The file of CommonJS that threads have the main thread require; `scripts/bundle.js` makes it of
 * `native/on-main-thread.ts`.
 */
export const MAIN_THREAD_FILE: string = fileURLToPath(
  new URL('../dist/main-thread.cjs', import.meta.url),
)

/**
 * Python statements that begin the kernel by a call of its module `boot`. Whatever is on the path,
 * neither a file nor an older kernel takes its place: the package is made by hand. Its folder is on
 * the path for the processes that Python starts.
 */
export function bootSource(call: string): string {
  const text = JSON.stringify
  return [
    'def _start():',
    '    import sys',
    '    if "pythreads_kernel" not in sys.modules:',
    '        sys.modules["pythreads_kernel"] = kernel = type(sys)("pythreads_kernel")',
    `        kernel.__path__ = [${text(`${KERNEL_FOLDER}/pythreads_kernel`)}]`,
    `        sys.path.append(${text(KERNEL_FOLDER)})`,
    '    from pythreads_kernel import boot',
    '    return boot',
    `_start().${call}`,
  ].join('\n')
}

/** A module of the kernel that is run as a script. */
export function kernelScript(name: 'probe' | 'import_check'): string {
  return `${KERNEL_FOLDER}/pythreads_kernel/${name}.py`
}

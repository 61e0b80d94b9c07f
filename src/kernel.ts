import { fileURLToPath } from 'node:url'
import { outsideArchive } from './archives.ts'

/**
 * The folder that Python's path needs for `pythreads_kernel`. `src/` and the bundles in `dist/` are
 * both beside it, so the URL is right for both.
 */
export const KERNEL_FOLDER: string = outsideArchive(
  fileURLToPath(new URL('../kernel', import.meta.url)),
)

/**
 * An environment variable for programs that start a Python, such as a sandbox script: Python must
 * be able to read this folder.
 */
export const KERNEL_VARIABLE: Readonly<Record<string, string>> = { PYTHREADS_KERNEL: KERNEL_FOLDER }

/**
 * The CommonJS file that the main thread loads for threads that make no native calls.
 * `scripts/bundle.js` makes it of `native/on-main-thread.ts`.
 */
export const MAIN_THREAD_FILE: string = fileURLToPath(
  new URL('../dist/main-thread.cjs', import.meta.url),
)

/**
 * Python statements that start the kernel by a call of its module `boot`. They create the package
 * by hand rather than by its name, so nothing else on the path can take its place. The folder is
 * still added to the path, for the processes that Python starts.
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

/** The file of a kernel module that runs as a script. */
export function kernelScript(name: 'probe' | 'import_check'): string {
  return `${KERNEL_FOLDER}/pythreads_kernel/${name}.py`
}

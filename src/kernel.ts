import { outsideArchive } from './archives.ts'
import { entry } from './entry.ts'

let unpacked: string | undefined

/** The folder that Python's path needs for `pythreads_kernel`. */
export function kernelFolder(): string {
  const folder = unpacked ?? entry().kernel
  if (folder === undefined) throw new Error('The kernel of a bundle is unpacked by Python.start')
  return outsideArchive(folder)
}

/** Makes this the folder of the kernel, on this JavaScript thread. */
export function useKernel(folder: string): void {
  unpacked = folder
}

/**
 * An environment variable for programs that start a Python, such as a sandbox script: Python must
 * be able to read this folder.
 */
export function kernelVariable(): Readonly<Record<string, string>> {
  return { PYTHREADS_KERNEL: kernelFolder() }
}

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
    `        kernel.__path__ = [${text(`${kernelFolder()}/pythreads_kernel`)}]`,
    `        sys.path.append(${text(kernelFolder())})`,
    '    from pythreads_kernel import boot',
    '    return boot',
    `_start().${call}`,
  ].join('\n')
}

/** The file of a kernel module that runs as a script. */
export function kernelScript(name: 'probe' | 'import_check'): string {
  return `${kernelFolder()}/pythreads_kernel/${name}.py`
}

import { fileURLToPath } from 'node:url'

/** The folder to put on Python's path for `pythreads_kernel`. The same from `src/` and from the bundles in `dist/`: both are beside it. */
export const KERNEL_FOLDER: string = fileURLToPath(new URL('../kernel', import.meta.url))

/** A module of the kernel that is run as a script. */
export function kernelScript(name: 'probe' | 'trial'): string {
  return `${KERNEL_FOLDER}/pythreads_kernel/${name}.py`
}

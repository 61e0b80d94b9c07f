import { Python, PythonError, PythreadsError } from '../index.ts'
import { STDLIB_MODULES } from './stdlib-modules.ts'
import { currentFolder } from './target.ts'

/** The result of importing a module. */
export interface CheckedModule {
  readonly module: string
  readonly ok: boolean
  /** The module's `__version__`. */
  readonly version?: string
  /** The error in one line. */
  readonly problem?: string
  readonly code?: string
  /** The module that is not installed: this one, or one that it imports. */
  readonly missing?: string
}

/** The results of some modules, and the command that installs the missing packages. */
export interface CheckedModules {
  readonly modules: readonly CheckedModule[]
  readonly install?: string
}

/** Imports modules in a worker process of a Python. */
export async function checkModules(
  python: string,
  modules: readonly string[],
  path: readonly string[],
): Promise<CheckedModules> {
  const folders = [...path, ...new Set(modules.flatMap(currentFolder))]
  const py = await Python.start({
    python,
    isolation: 'process',
    workers: 1,
    path: folders,
    output: 'ignore',
  })
  try {
    const checked: CheckedModule[] = []
    for (const module of modules) checked.push(await check(py, module))
    const missing = [...new Set(checked.flatMap((one) => one.missing ?? []))]
    return missing.length === 0
      ? { modules: checked }
      : {
          modules: checked,
          install: await py.run<string>('pythreads_kernel.missing_modules:command', [missing]),
        }
  } finally {
    py.destroy()
  }
}

async function check(py: Python, module: string): Promise<CheckedModule> {
  try {
    await py.import(module)
  } catch (error) {
    if (!(error instanceof PythreadsError)) throw error
    const missing = error instanceof PythonError ? await missingModule(py, error) : undefined
    const [line = ''] = error.message.split('\n', 1)
    // without the hint that follows: doctor prints one command for all missing packages
    const problem = missing === undefined ? line : line.replace(/(No module named '[^']+').*/, '$1')
    return {
      module,
      ok: false,
      code: error.code,
      problem,
      ...(missing === undefined ? {} : { missing }),
    }
  }
  const version = module.endsWith('.py') ? undefined : await versionOf(py, module)
  return { module, ok: true, ...(version === undefined ? {} : { version }) }
}

/**
 * The package that must be installed, if that is why an import failed; `undefined` for a submodule
 * that is missing in an installed package.
 */
async function missingModule(py: Python, error: PythonError): Promise<string | undefined> {
  const [, name] = /No module named '([^']+)'/.exec(error.message) ?? []
  const [top = ''] = (name ?? '').split('.')
  if (top === '' || (STDLIB_MODULES.has(top) && top !== 'tkinter' && top !== 'ensurepip'))
    return undefined
  const isThere =
    await py.eval<boolean>`__import__('importlib.util').util.find_spec(${top}) is not None`.catch(
      () => false,
    )
  return isThere && top !== 'tkinter' ? undefined : top
}

async function versionOf(py: Python, module: string): Promise<string | undefined> {
  const text =
    await py.eval<string>`str(getattr(__import__('sys').modules[${module}], '__version__', ''))`.catch(
      () => '',
    )
  return /^[\w.+-]{1,20}$/.test(text) ? text : undefined
}

import { Python, PythonError, PythreadsError } from '../index.ts'
import { STDLIB_MODULES } from './stdlib-modules.ts'
import { currentFolder } from './target.ts'

/** What became of importing a module. */
export interface CheckedModule {
  readonly module: string
  readonly ok: boolean
  /** Its own version, where it says one. */
  readonly version?: string
  /** What is wrong, in a line. */
  readonly problem?: string
  readonly code?: string
  /** The module that is not installed: this one, or one that it imports. */
  readonly missing?: string
}

/** Modules that were imported, and the command that installs what is missing. */
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
    // doctor says the command itself
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
 * The module that is not installed, if that is why an import failed; not one that is missing in a
 * package that is there.
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

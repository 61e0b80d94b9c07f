import type { LibraryHandle } from 'koffi'
import { type PythonFacts, reserveDescriptors } from '../discovery/index.ts'
import { PythreadsError, shortage } from '../errors/index.ts'
import { ffi } from './ffi.ts'
import { pinLibrary } from './libc.ts'
import { reserveMemory } from './memory.ts'

/** Python ends the process if it lacks descriptors or memory at its start: this much is enough. */
const START_DESCRIPTORS = 16
const START_BYTES = 64 * 2 ** 20

/** Native functions that attach to Python, run source, and detach (rule 3 of `runtime.ts`). */
export interface Boot {
  readonly enter: () => unknown
  readonly run: (source: string) => number
  readonly leave: () => unknown
}

/** Loads libpython, and looks up the functions that initialise it. */
export function load(facts: PythonFacts): Boot {
  const path = facts.libpython
  if (path === null)
    throw new PythreadsError('ERR_PYTHREADS_RUNTIME', 'There is no libpython to load')
  try {
    reserveDescriptors(START_DESCRIPTORS)
    reserveMemory(START_BYTES)
  } catch (error) {
    throw shortage(
      'ERR_PYTHREADS_RUNTIME',
      'Python cannot be initialised in this process now',
      error,
    )
  }
  const failure = pinLibrary(path)
  if (failure !== undefined)
    throw new PythreadsError('ERR_PYTHREADS_RUNTIME', `${path} does not load: ${failure}`)
  const library = ffi().load(path, { global: true })
  return {
    enter: initialiser(library, facts),
    run: library.func('int PyRun_SimpleString(const char *source)'),
    leave: library.func('uintptr_t PyEval_SaveThread()'),
  }
}

/** The functions of a Python that is initialised already: its symbols are global in the process. */
export function attach(): Boot {
  const library = ffi().load(null)
  return {
    enter: library.func('int PyGILState_Ensure()'),
    run: library.func('int PyRun_SimpleString(const char *source)'),
    leave: library.func('uintptr_t PyEval_SaveThread()'), // not Release: keeps the thread state
  }
}

/** The initialisation: by `PyInitConfig` from Python 3.14 on, by `Py_InitializeEx` before. */
function initialiser(library: LibraryHandle, { version, executable }: PythonFacts): () => void {
  const [major, minor] = version
  if (major > 3 || minor >= 14) {
    const create = library.func('void *PyInitConfig_Create()')
    const free = library.func('void PyInitConfig_Free(void *config)')
    const setString = library.func(
      'int PyInitConfig_SetStr(void *config, const char *name, const char *value)',
    )
    const setInt = library.func(
      'int PyInitConfig_SetInt(void *config, const char *name, int64_t value)',
    )
    const initialise = library.func('int Py_InitializeFromInitConfig(void *config)')
    const getError = library.func(
      'int PyInitConfig_GetError(void *config, _Out_ const char **message)',
    )
    return () => {
      const config = create()
      setString(config, 'program_name', executable)
      setInt(config, 'use_environment', 1)
      setInt(config, 'user_site_directory', 1)
      setInt(config, 'install_signal_handlers', 0)
      setInt(config, 'utf8_mode', 1)
      const status = initialise(config)
      if (status !== 0) {
        const error: [string | null] = [null]
        getError(config, error)
        throw new PythreadsError('ERR_PYTHREADS_RUNTIME', `Python does not initialise: ${error[0]}`)
      }
      free(config)
    }
  }
  const setProgramName = library.func('void Py_SetProgramName(const char32_t *name)')
  const initialise = library.func('void Py_InitializeEx(int signals)')
  const utf8Mode = library.symbol('Py_UTF8Mode')
  return () => {
    ffi().encode(utf8Mode, 'int', 1)
    setProgramName(executable)
    initialise(0)
  }
}

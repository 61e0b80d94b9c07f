import { AsyncResource } from 'node:async_hooks'
import { dirname } from 'node:path'
import { type FoundPython, findPython, prepareKernel } from './discovery/index.ts'
import { entry } from './entry.ts'
import type * as Environments from './environments/index.ts'
import { forbidden, PythreadsError, tellListener } from './errors/index.ts'
import {
  type Choice,
  choose,
  chooseAfter,
  createIsolation,
  ISOLATIONS,
  type Isolation,
  type WorkerSettings,
} from './isolation/index.ts'
import {
  check,
  type PythonOptions,
  type ResolvedPythonOptions,
  resolvePythonOptions,
  type StartProgress,
} from './options/index.ts'
import type { Write } from './references/index.ts'
import { callRequest } from './remote/index.ts'
import { copyFlags, FLAG } from './wire/index.ts'
import { emitWarning, type Listeners, type OutputListener, toStream } from './worker/index.ts'

/** What is decided before the workers of a pool start, whatever their isolation. */
export interface StartPlan {
  readonly found: FoundPython
  readonly options: ResolvedPythonOptions
  readonly settings: WorkerSettings
  /** What every worker calls before it takes others. */
  readonly initialize: Write | undefined
  readonly onLine: OutputListener | undefined
  readonly listeners: Listeners
}

let pools = 0

/** Checks the options and finds Python. @throws the errors of `Python.start` */
export async function planStart(given: PythonOptions): Promise<StartPlan> {
  const options = resolvePythonOptions(given)
  const { output, warnings, logging } = options
  await prepareKernel()
  const found = await pythonFor(options).catch(raiseForbidden)
  warnOfPassedOver(found)
  // Handlers run in the async context of the caller of `start`: output belongs to no call.
  const listener =
    typeof output === 'function'
      ? output
      : typeof output === 'string'
        ? undefined
        : toStream(output)
  const onLine = listener === undefined ? undefined : AsyncResource.bind(listener)
  const onWarning =
    warnings === 'emit'
      ? emitWarning
      : warnings === 'inherit'
        ? undefined
        : AsyncResource.bind(warnings)
  const onLog = logging === undefined ? undefined : AsyncResource.bind(logging.handler)
  const settings: WorkerSettings = {
    ...options,
    name: options.name ?? `pool-${++pools}`,
    logging: logging?.level ?? null,
    folders: [process.cwd(), dirname(process.argv[1] ?? '.')],
    scope: 1 + Math.floor(Math.random() * (2 ** 31 - 1)),
    warnings: onWarning !== undefined,
    output: typeof output === 'string' ? output : 'lines',
    memory: options.sharedMemoryMb * 2 ** 20,
    python: [found.facts.libpython, found.facts.prefix],
    flags: copyFlags(options.copy) | (options.exact ? FLAG.EXACT : 0),
  }
  const { initialize: first } = options
  const initialize =
    first === undefined ? undefined : callRequest(first.target, first.args, first.kwargs)
  return { found, options, settings, initialize, onLine, listeners: { onWarning, onLog } }
}

/**
 * Finds Python: on this machine, or in the environment for `dependencies`. What makes environments
 * is loaded only for that option.
 */
async function pythonFor(options: ResolvedPythonOptions): Promise<FoundPython> {
  const { python, dependencies, frozen, onProgress } = options
  if (dependencies === undefined) return findPython(python)
  const { environmentPython } = (await entry().environments()) as typeof Environments
  const listener = onProgress === undefined ? undefined : AsyncResource.bind(onProgress)
  const progress = (step: StartProgress['step'], text: string) => {
    if (listener !== undefined) tellListener(listener, { step, text })
  }
  return environmentPython({ python, dependencies, frozen, progress })
}

/**
 * Opens a pool in the isolation that the options name, or that suits Python best. Where that turns
 * out to be impossible in this process, and the user left the choice, opens it in another one.
 */
export async function inIsolation<T>(
  { found, options, settings }: StartPlan,
  open: (isolation: Isolation, reasons: readonly string[]) => Promise<T>,
): Promise<T> {
  const openIn = async ({ isolation, reasons }: Pick<Choice, 'isolation' | 'reasons'>) =>
    open(createIsolation(isolation, found.facts, settings, options), reasons).catch(raiseForbidden)
  const choice = await decide(found, options)
  if (options.isolation !== 'auto' || !ISOLATIONS[choice.isolation].inProcess) return openIn(choice)
  return openIn(choice).catch(async (error: unknown) => {
    if (!isImpossibleHere(error)) throw error
    const { preload, path } = options
    return openIn(await chooseAfter(choice.isolation, error.message, found.facts, preload, path))
  })
}

/** Throws an error; what Node's permission model forbids becomes an error that names the flag. */
function raiseForbidden(error: unknown): never {
  throw forbidden('Python cannot be started', error) ?? error
}

const warned = new Set<string>()

/** Warns once of each environment that was passed over: a user may expect it to be used. */
function warnOfPassedOver({ passedOver }: FoundPython): void {
  for (const sentence of passedOver) {
    if (!warned.has(sentence)) process.emitWarning(sentence, { code: 'PYTHREADS_PASSED_OVER' })
    warned.add(sentence)
  }
}

/** Whether an error means that this process cannot run the chosen Python, and a new process can. */
function isImpossibleHere(error: unknown): error is PythreadsError {
  return (
    error instanceof PythreadsError &&
    ['ERR_PYTHREADS_OTHER_PYTHON', 'ERR_PYTHREADS_RUNTIME', 'ERR_PYTHREADS_PERMISSION'].includes(
      error.code,
    )
  )
}

/** Chooses the isolation. @throws `ERR_PYTHREADS_OPTION` when an option excludes the chosen one */
async function decide(
  found: FoundPython,
  options: ResolvedPythonOptions,
): Promise<Pick<Choice, 'isolation' | 'reasons'>> {
  const { isolation, preload, path, processOnly } = options
  const names = processOnly.map((name) => `\`${name}\``).join(', ')
  if (isolation === 'auto') {
    if (processOnly.length === 0) return choose(found.facts, preload, path)
    return { isolation: 'process', reasons: [`process: ${names} can only be set for a process`] }
  }
  check(
    isolation === 'process' || processOnly.length === 0,
    'isolation',
    `'process' or 'auto' for ${names}`,
    isolation,
  )
  return { isolation, reasons: [`${isolation}: asked for by name`] }
}

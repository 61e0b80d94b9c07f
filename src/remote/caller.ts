import { raise } from '../errors/index.ts'
import { DEFAULT_CALL, type Kwargs, type ResolvedCallOptions } from '../options/index.ts'
import type { Write } from '../references/index.ts'
import { KIND, type Kind } from '../wire/index.ts'
import type { Operator } from './operations.ts'
import { callRequest, getRequest, operateRequest, type Target, textRequest } from './requests.ts'

/** Makes the calls of modules and remote objects, on a pool or on the worker of a session. */
export interface Caller extends Operator<Promise<unknown>> {
  call(target: Target, args: readonly unknown[], kwargs: Kwargs): Promise<unknown>
  get(target: Target): Promise<unknown>
  import(module: string): Promise<unknown>
  /** A caller whose calls have these options too. */
  with(options: ResolvedCallOptions): Caller
}

/** Submits a request to a pool or a session. */
export type Submit = (
  kind: Kind,
  write: Write,
  options: ResolvedCallOptions,
  key: string | undefined,
  target: Target,
) => Promise<unknown>

/** A caller whose requests go through `submit`, with these options. */
export function callerOf(submit: Submit, options: ResolvedCallOptions = DEFAULT_CALL): Caller {
  const request = (kind: Kind, target: Target, write: Write, copy = options.copy) =>
    submit(
      kind,
      write,
      copy === options.copy ? options : { ...options, copy },
      undefined,
      target,
    ).catch(raise)
  return {
    call: (target, args, kwargs) => {
      const key = typeof target === 'string' ? target : undefined
      return submit(KIND.CALL, callRequest(target, args, kwargs), options, key, target).catch(raise)
    },
    get: (target) => request(KIND.GET, target, getRequest(target)),
    import: (name) => request(KIND.IMPORT, name, textRequest(name), 0),
    operate: (name, target, args, copy) =>
      request(KIND.OPERATE, target, operateRequest(name, target, args), copy),
    with: (more) => callerOf(submit, { ...options, ...said(more) }),
  }
}

/** The options that say something. */
function said(options: ResolvedCallOptions): Partial<ResolvedCallOptions> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

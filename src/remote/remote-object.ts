import { PythonError, PythreadsError } from '../errors/index.ts'
import { type CallOptions, resolveCallOptions } from '../options/index.ts'
import { bindToObject, type Handle } from '../references/index.ts'
import { TRAIT } from '../wire/index.ts'
import type { Caller } from './caller.ts'
import { enter, within } from './contexts.ts'
import { refusedToJson } from './json.ts'
import { splitArguments } from './keywords.ts'
import { operation } from './operations.ts'
import {
  callable,
  child,
  describedBy,
  refuseToChange,
  remoteAttribute,
  shownAs,
} from './remote-module.ts'
import type { Target } from './requests.ts'
import type { RemoteObject } from './types.ts'

/** The target of the proxy for an object that cannot be called. */
class PythonObject {
  readonly [name: string]: never
}

export { PythonObject as RemoteObjectTarget }

/** Makes the proxy for an object that stays in Python. */
export function remoteObject(caller: Caller, handle: Handle): RemoteObject {
  const children = new Map<string, unknown>()
  const text = `[Python ${handle.type}]`
  const has = (trait: number) => (handle.traits & trait) !== 0
  const symbols: Partial<Record<symbol, unknown>> = {
    [Symbol.dispose]: () => handle.release(),
    [Symbol.asyncDispose]: async () => handle.release(),
  }
  const own: Record<string, unknown> = {
    $dispose: () => handle.release(),
    $enter: () => enter(caller, target),
    $with: (body: (value: unknown) => unknown) => within(caller, target, body),
  }
  if (has(TRAIT.ITERABLE | TRAIT.ASYNC_ITERABLE)) {
    symbols[Symbol.asyncIterator] = () => iterate(caller, target, handle, caller)
    own['$iterate'] = (options: CallOptions = {}) =>
      iterate(caller.with(resolveCallOptions('$iterate', options)), target, handle, caller)
  }
  const proxy: RemoteObject = new Proxy(
    shownAs(text, has(TRAIT.CALLABLE) ? callable() : new PythonObject()),
    {
      get: (_, key) => {
        if (typeof key === 'symbol') return symbols[key] ?? describedBy(key, text)
        if (key === 'then') return undefined
        if (key === 'toJSON')
          return refusedToJson(text, () => caller.get({ object: proxy, path: key }))
        if (Object.hasOwn(own, key)) return own[key]
        return (
          operation(caller, target, key) ??
          child(children, key, () => remoteAttribute(caller, { object: proxy, path: key }))
        )
      },
      has: (_, key) => typeof key === 'symbol' && key in symbols,
      apply: (_, __, args: unknown[]) => caller.call(target, ...splitArguments(args)),
      construct: (_, args: unknown[]) => caller.call(target, ...splitArguments(args)),
      ...refuseToChange,
    },
  ) as unknown as RemoteObject
  const target: Target = { object: proxy, path: '' }
  return bindToObject(proxy, handle)
}

/**
 * Iterates an object in Python. Each item is a request, so Python computes an item only when the
 * loop needs it. `closer`: a caller without time limits, since a generator must be closed even when
 * its last step ran out of time.
 */
async function* iterate(
  caller: Caller,
  target: Target,
  handle: Handle,
  closer: Caller,
): AsyncGenerator<unknown, void, undefined> {
  const { traits } = handle
  const isAsync = (traits & TRAIT.ITERABLE) === 0
  const isIterator =
    (traits & TRAIT.ITERATOR_ITSELF) !== 0 || (isAsync && (traits & TRAIT.GENERATOR) !== 0)
  const iterator = isIterator
    ? undefined
    : ((await caller.operate(isAsync ? 'iterateAsync' : 'iterate', target, [])) as RemoteObject)
  const source: Target = iterator === undefined ? target : { object: iterator, path: '' }
  let ended = false
  try {
    for (;;) {
      ended = true // an exception ends a generator too
      const next = caller.operate(isAsync ? 'nextAsync' : 'next', source, [])
      const step = (await next.catch((error: unknown) => {
        ended = !isRefusedHere(error)
        throw error
      })) as [unknown] | null
      if (step === null) return
      ended = false
      yield step[0]
    }
  } finally {
    try {
      if (!ended && (traits & TRAIT.GENERATOR) !== 0) await closer.operate('close', source, [])
    } finally {
      iterator?.$dispose()
      if ((traits & TRAIT.GENERATOR) !== 0) handle.release()
    }
  }
}

/** Whether an error means that JavaScript cannot represent the item: the generator goes on. */
export function isRefusedHere(error: unknown): boolean {
  return (
    error instanceof PythreadsError &&
    error.code === 'ERR_PYTHREADS_VALUE' &&
    !(error instanceof PythonError)
  )
}

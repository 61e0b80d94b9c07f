import { PythreadsError } from '../errors/index.ts'
import { type Kwargs, resolveTarget } from '../options/index.ts'
import type { Write } from '../references/index.ts'
import type { Source } from './source.ts'

/** The payloads of requests. The kernel's `requests.py` reads them. */

/**
 * The target of a request: `module:attribute.path`, or an object and the path of an attribute in it
 * (`''`: the object itself).
 */
export type Target = string | ObjectTarget

export interface ObjectTarget {
  readonly object: object
  readonly path: string
}

type Encoder = Parameters<Write>[0]

/** The target for an attribute of another target. */
export function attributeOf(target: Target, name: string): Target {
  if (typeof target === 'string') return target.endsWith(':') ? target + name : `${target}.${name}`
  return { object: target.object, path: target.path === '' ? name : `${target.path}.${name}` }
}

export function callRequest(target: Target, args: readonly unknown[], kwargs: Kwargs): Write {
  return (encoder) => {
    encoder.tuple(3)
    writeTarget(encoder, target)
    encoder.items(args, 'args', 0)
    encoder.record(kwargs, 'kwargs')
  }
}

/**
 * The target of `run`, and how errors name it.
 *
 * @throws `ERR_PYTHREADS_ARGUMENT`
 */
export function runTarget(
  target: unknown,
  args: readonly unknown[],
): { name: string; target: string } {
  const resolved = resolveTarget(target)
  if (!Array.isArray(args)) {
    throw new PythreadsError(
      'ERR_PYTHREADS_ARGUMENT',
      `run takes the arguments as an array; got a value of type ${typeof args}`,
    )
  }
  return { name: typeof target === 'string' ? target : resolved, target: resolved }
}

/**
 * The payload and the target's name for `run` of a pool or a session.
 *
 * @throws `ERR_PYTHREADS_ARGUMENT`
 */
export function runRequest(
  target: unknown,
  args: readonly unknown[],
  kwargs: Kwargs,
): { name: string; write: Write } {
  const { name, target: resolved } = runTarget(target, args)
  return { name, write: callRequest(resolved, args, kwargs) }
}

export function getRequest(target: Target): Write {
  return (encoder) => {
    if (typeof target !== 'string') encoder.tuple(1)
    writeTarget(encoder, target)
  }
}

export function operateRequest(name: string, target: Target, args: readonly unknown[]): Write {
  return (encoder) => {
    encoder.tuple(3)
    encoder.string(name)
    writeTarget(encoder, target)
    encoder.items(args, 'args', 0)
  }
}

export function textRequest(text: string): Write {
  return (encoder) => encoder.string(text)
}

/** `session`: the number of the session whose variables the expression sees; 0: the pool's. */
export function evalRequest({ text, names, values }: Source, session: number = 0): Write {
  return (encoder) => {
    encoder.tuple(4)
    encoder.string(text)
    encoder.value(names, 'names')
    encoder.items(values, 'values', 0)
    encoder.value(session, 'session')
  }
}

export function execRequest(
  { text, names, values }: Source,
  filename: string,
  session: number = 0,
): Write {
  return (encoder) => {
    encoder.tuple(5)
    encoder.string(text)
    encoder.string(filename)
    encoder.value(names, 'names')
    encoder.items(values, 'values', 0)
    encoder.value(session, 'session')
  }
}

/** The file name of a module that is made of source text. */
export function moduleFile(name: string): string {
  return `<pythreads module ${name}>`
}

export function moduleRequest(name: string, source: string): Write {
  return (encoder) => {
    encoder.tuple(3)
    encoder.string(name)
    encoder.string(source)
    encoder.string(moduleFile(name))
  }
}

export function numberRequest(number: number): Write {
  return (encoder) => encoder.value(number, 'number')
}

function writeTarget(encoder: Encoder, target: Target): void {
  if (typeof target === 'string') return encoder.string(target)
  encoder.list(2)
  encoder.value(target.object, 'this')
  encoder.string(target.path)
}

const IDENTIFIER = /^[\p{ID_Start}_][\p{ID_Continue}]*$/u

/** @throws `ERR_PYTHREADS_ARGUMENT` when the name of a new module is no identifier */
export function checkModuleName(name: unknown): void {
  if (typeof name === 'string' && IDENTIFIER.test(name)) return
  throw new PythreadsError(
    'ERR_PYTHREADS_ARGUMENT',
    `module takes a Python identifier as the name; got ${String(name)}`,
  )
}

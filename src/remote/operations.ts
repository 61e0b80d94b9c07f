import { type CopyOptions, resolveCopy } from '../options/index.ts'
import type { Target } from './requests.ts'

/**
 * Runs operations on Python objects, besides calls and attributes. Their names begin with `$`, as
 * no Python name can, except `toJS`. Each method returns the result of `operate`: a promise, or for
 * sync calls the value.
 */
export interface Operator<Result> {
  operate(name: string, target: Target, args: readonly unknown[], copy?: number): Result
}

type Method = <Result>(operator: Operator<Result>, target: Target) => (...args: never[]) => unknown

const METHODS: Readonly<Record<string, Method>> = {
  toJS: (operator, target) => (options?: CopyOptions) =>
    operator.operate('toJS', target, [], resolveCopy(options ?? true)),
  $get: (operator, target) => (name: string) => operator.operate('get', target, [name]),
  $set: (operator, target) => (name: string, value: unknown) =>
    operator.operate('set', target, [name, value]),
  $delete: (operator, target) => (name: string) => operator.operate('delete', target, [name]),
  $item: (operator, target) => (key: unknown) => operator.operate('item', target, [key]),
  $setItem: (operator, target) => (key: unknown, value: unknown) =>
    operator.operate('setItem', target, [key, value]),
  $deleteItem: (operator, target) => (key: unknown) =>
    operator.operate('deleteItem', target, [key]),
  $has: (operator, target) => (item: unknown) => operator.operate('has', target, [item]),
  $length: (operator, target) => () => operator.operate('length', target, []),
  $operate:
    (operator, target) =>
    (name: string, ...args: unknown[]) =>
      operator.operate('operate', target, [name, ...args]),
  $str: (operator, target) => () => operator.operate('str', target, []),
  $repr: (operator, target) => () => operator.operate('repr', target, []),
  $type: (operator, target) => () => operator.operate('type', target, []),
  $equals: (operator, target) => (other: unknown) => operator.operate('equals', target, [other]),
  $is: (operator, target) => (other: unknown) => operator.operate('is', target, [other]),
  $isInstance: (operator, target) => (kind: unknown) =>
    operator.operate('isInstance', target, [kind]),
  $arrow: (operator, target) => () => operator.operate('arrow', target, [], 0),
  $dir: (operator, target) => () => operator.operate('dir', target, []),
}

const DOLLAR = 36

/** The method for an operation on a target, if there is an operation of this name. */
export function operation(
  operator: Operator<unknown>,
  target: Target,
  name: string,
): ((...args: never[]) => unknown) | undefined {
  // most names are attributes: this check is faster than a look-up
  if (name.charCodeAt(0) !== DOLLAR && name !== 'toJS') return undefined
  const method = Object.hasOwn(METHODS, name) ? METHODS[name] : undefined
  return method?.(operator, target)
}

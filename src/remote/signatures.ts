import type { Keywords } from './keywords.ts'

/** Any function. */
export type Callable = (...args: never) => unknown

/** Any class. */
export type Class = abstract new (...args: never) => unknown

/**
 * The ways to call a Python function with these parameters: keyword arguments come last, in place of any number of the optional
 * ones. A parameter of type {@link Keywords} says itself which keyword arguments there are.
 */
export type Call<A extends readonly unknown[], R> =
  HasKeywords<A> extends true
    ? (...args: A) => R
    : IsFixed<A> extends true
      ? (...args: [...A, keywords?: Keywords]) => R
      : ((...args: A) => R) & ((...args: WithKeywords<A>) => R)

/** {@link Call} of the generic function `F`, which only stays generic as it is. */
export type GenericCall<F, A extends readonly unknown[], R> =
  HasKeywords<A> extends true ? F : F & ((...args: IsFixed<A> extends true ? [...A, keywords: Keywords] : WithKeywords<A>) => R)

/** {@link Call} for `new` as well as without it, as in Python. */
export type Construct<A extends readonly unknown[], R> =
  HasKeywords<A> extends true
    ? Both<A, R>
    : IsFixed<A> extends true
      ? Both<[...A, keywords?: Keywords], R>
      : Both<A, R> & Both<WithKeywords<A>, R>

interface Both<A extends readonly unknown[], R> {
  new (...args: A): R
  (...args: A): R
}

/** The arguments with keyword arguments at their end, which stand for none, some or all of the optional parameters. */
type WithKeywords<A extends readonly unknown[], Before extends readonly unknown[] = []> = A extends readonly []
  ? [...Before, keywords: Keywords]
  : A extends readonly [unknown, ...infer Rest]
    ? WithKeywords<Rest, [...Before, ...First<A, Rest>]>
    : A[number][] extends A // a rest parameter
      ? [...Before, ...A, keywords: Keywords]
      : A extends readonly [_?: unknown, ...infer Rest]
        ? [...Before, keywords: Keywords] | WithKeywords<Rest, [...Before, ...Required<First<A, Rest>>]>
        : [...Before, ...A, keywords: Keywords]

/** The first parameter, with its name. */
type First<A extends readonly unknown[], Rest extends readonly unknown[]> = A extends readonly [...infer F, ...Rest] ? F : never

/** Whether no parameter is optional, and there is no rest parameter. */
type IsFixed<A extends readonly unknown[]> = number extends A['length'] ? false : A extends Required<A> ? true : false

type HasKeywords<A extends readonly unknown[]> = true extends IsKeywords<A[number]> ? true : false

type IsKeywords<P> = 0 extends 1 & P ? false : P extends Keywords<infer _> ? true : false

/** A function with up to eight overloads; what has less has its first one several times. Type parameters are lost. */
export type Overloads<F> = F extends {
  (...args: infer A1): infer R1
  (...args: infer A2): infer R2
  (...args: infer A3): infer R3
  (...args: infer A4): infer R4
  (...args: infer A5): infer R5
  (...args: infer A6): infer R6
  (...args: infer A7): infer R7
  (...args: infer A8): infer R8
}
  ? [[A1, R1], [A2, R2], [A3, R3], [A4, R4], [A5, R5], [A6, R6], [A7, R7], [A8, R8]]
  : []

/** {@link Overloads} of a class. */
export type ConstructorOverloads<F> = F extends {
  new (...args: infer A1): infer R1
  new (...args: infer A2): infer R2
  new (...args: infer A3): infer R3
  new (...args: infer A4): infer R4
  new (...args: infer A5): infer R5
  new (...args: infer A6): infer R6
}
  ? [[A1, R1], [A2, R2], [A3, R3], [A4, R4], [A5, R5], [A6, R6]]
  : []

import type { Keywords } from './keywords.ts'

/** Any function. */
export type Callable = (...args: never) => unknown

/** Any class. */
export type Class = abstract new (...args: never) => unknown

/**
 * The ways to call a Python function with these parameters. Keyword arguments come last, in place
 * of any number of optional parameters. A parameter of type {@link Keywords} declares the keyword
 * arguments itself. Without a rest parameter, no two signatures take the same number of arguments,
 * so that the compiler's errors name one parameter of one signature.
 */
export type Call<A extends readonly unknown[], R> =
  HasKeywords<A> extends true ? (...args: A) => R : Each<KeywordForms<A>, R, 'call'>

/** {@link Call} of the generic function `F`: only the type `F` itself keeps its type parameters. */
export type GenericCall<F, A extends readonly unknown[], R> =
  HasKeywords<A> extends true ? F : F & Each<KeywordForms<A>, R, 'call'>

/** {@link Call} of a class, with `new` or as in Python without. */
export type Construct<A extends readonly unknown[], R> =
  HasKeywords<A> extends true ? Both<A, R> : Each<KeywordForms<A>, R, 'construct'>

interface Both<A extends readonly unknown[], R> {
  new (...args: A): R
  (...args: A): R
}

type Each<Forms, R, How> = Forms extends readonly [
  infer A extends readonly unknown[],
  ...infer Others,
]
  ? (How extends 'call' ? (...args: A) => R : Both<A, R>) & Each<Others, R, How>
  : unknown

/**
 * The lists of arguments, one for each signature: `[a, b?, c?]` becomes `[a, b?: b or keywords]`,
 * `[a, b, c or keywords]` and `[a, b, c, keywords]`. `Before`: the parameters before `A`.
 * `Several`: whether there is an earlier list.
 */
type KeywordForms<
  All extends readonly unknown[],
  A extends readonly unknown[] = All,
  Before extends readonly unknown[] = [],
  Several = false,
> = A extends readonly []
  ? [Several extends true ? [...Before, keywords: Keywords] : [...Before, keywords?: Keywords]]
  : A extends readonly [unknown, ...infer Others]
    ? KeywordForms<All, Others, [...Before, ...First<A, Others>], Several>
    : A[number][] extends A
      ? Rest<A, Before, All>
      : A extends readonly [_?: unknown, ...infer Others]
        ? [
            Last<First<A, Others>, Before, Several>,
            ...KeywordForms<All, Others, [...Before, ...Given<First<A, Others>>], true>,
          ]
        : Rest<A, Before, All>

/**
 * Lists that end in a rest parameter. The plain list comes last, as the compiler's errors are about
 * the last signature. If the rest parameter takes anything, it takes keyword arguments too.
 */
type Rest<
  A extends readonly unknown[],
  Before extends readonly unknown[],
  All,
> = Keywords extends A[number] ? [All] : [[...Before, ...A, keywords: Keywords], All]

/** An optional parameter as the last argument of a list: keyword arguments may take its place. */
type Last<
  F extends readonly unknown[],
  Before extends readonly unknown[],
  Several,
> = Several extends true ? [...Before, ...OrKeywords<Given<F>>] : [...Before, ...OrKeywords<F>]

type OrKeywords<F extends readonly unknown[]> = { [I in keyof F]: F[I] | Keywords }

/** An optional parameter before the last argument. It may be `undefined`, which becomes `None`. */
type Given<F extends readonly unknown[]> = OrUndefined<Required<F>>

type OrUndefined<F extends readonly unknown[]> = { [I in keyof F]: F[I] | undefined }

/** The first parameter. Its name is kept where no rest parameter follows. */
type First<
  A extends readonly unknown[],
  Others extends readonly unknown[],
> = number extends Others['length']
  ? A extends readonly [unknown, ...Others]
    ? [A[0]]
    : [A[0]?]
  : A extends readonly [...infer F, ...Others]
    ? F
    : never

type HasKeywords<A extends readonly unknown[]> = true extends EachIsKeywords<A>[number]
  ? true
  : false

type EachIsKeywords<A extends readonly unknown[]> = { [I in keyof A]: IsKeywords<A[I]> }

type IsKeywords<P> = 0 extends 1 & P ? false : P extends Keywords<infer _> ? true : false

/**
 * Lists the overloads of a function, at most eight. A function with fewer has its first one several
 * times. Type parameters are lost.
 */
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

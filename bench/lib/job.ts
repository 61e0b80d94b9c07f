/** What the process of a cell is told. */
export interface Job {
  readonly scenario: string
  readonly driver: string
  readonly python: string
  readonly ms: number
  readonly full: boolean
}

/** What a job returns. */
export type Outcome =
  | { readonly kind: 'values'; readonly values: Readonly<Record<string, number>> }
  | { readonly kind: 'not offered'; readonly why: string }
  | { readonly kind: 'error'; readonly error: string }

/** The descriptor on which a job replies, since libraries print to stdout as they like. */
export const ANSWER_FD = 3

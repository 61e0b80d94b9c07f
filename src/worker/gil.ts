/** Whether there is a GIL, and the module that turned it on in a free-threaded build. */
export interface Gil {
  readonly enabled: boolean
  readonly culprit: string | null
}

// With `noPropertyAccessFromIndexSignature`, too, it stands in brackets.
import type { Python } from 'pythreads'

declare const py: Python
const text: string = await py.import('json')['dumps']({ id: 1 })
py.sync.import('json')['dumps']({})
// @ts-expect-error TS4111: this is what the option is for
void py.import('json').dumps({})
export const used = [text]

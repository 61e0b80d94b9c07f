import type { Python } from 'pythreads'

declare const py: Python
const json = py.import('json')
const dumped = await json.dumps({})
// @ts-expect-error TS2322: what it returns is unknown
export const text: string = dumped
// @ts-expect-error TS2322: a promise is no string
export const promise: string = json.dumps<string>({})
// @ts-expect-error TS2542|TS2540|TS2322: attributes are not set by =
json.dumps = 5

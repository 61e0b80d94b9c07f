import { Python } from 'pythreads'

const py = await Python.start()
// @ts-expect-error TS2353|TS2561: there is no such option
void Python.start({ worker: 1 })
// @ts-expect-error TS2820: did you mean 'thread'?
void Python.start({ isolation: 'threads' })
// @ts-expect-error TS2322: modules are names and URLs
void Python.start({ preload: [1] })
// @ts-expect-error TS2322|TS2740: folders are a list
void Python.start({ path: new URL('file:///srv') })
// @ts-expect-error TS2673: the constructor is private
void new Python()
// @ts-expect-error TS2576: it is of the class
void py.start()
// @ts-expect-error TS2345|TS2769: a target is a text or a URL
void py.run(['json:dumps'])
// @ts-expect-error TS2345|TS2353: the arguments are an array
void py.run('json:dumps', { id: 1 })
// @ts-expect-error TS2322: keyword arguments are an object
void py.run('json:dumps', [1], { kwargs: [2] })
// @ts-expect-error TS2353|TS2561: there is no such option
void py.run('json:dumps', [1], { worker: 0, chunk: 1 })
// @ts-expect-error TS2345: the items are iterable
void py.map('json:dumps', 5)
const dumped = await py.run('json:dumps', [1])
// @ts-expect-error TS2322: it is unknown
export const text: string = dumped
// @ts-expect-error TS2345: values are passed in a template, not behind a text
void py.eval('a + b', 1)
// @ts-expect-error TS2345: only typed arrays
py.alloc(Array, 5)
const session = await py.session()
// @ts-expect-error TS2353|TS2769|TS2561: a session has one worker
void session.run('json:dumps', [1], { worker: 1 })

import { Python, type PythonOptions, type RunOptions } from 'pythreads'

const url = new URL('./rules.py', import.meta.url)
const target = new URL('./rules.py#score', import.meta.url)
const options: PythonOptions = {
  preload: ['json', url],
  path: [new URL('./python/', import.meta.url), './other'],
  cwd: new URL('.', import.meta.url),
  initialize: target,
}
await using py = await Python.start(options)
await using other = await Python.start({
  initialize: { target, args: [1], kwargs: { a: 1 } },
  python: undefined,
})
await py.run(target, [1])
await py.run(`${url}:score`, [1])
const score: number = await py.run<number>(target, [1], {
  kwargs: { b: 2 },
  signal: AbortSignal.timeout(5),
  worker: 1,
})
for await (const one of py.map<number>(target, [1, 2], {
  ordered: false,
  onProgress: ({ done }) => done,
}))
  one.toFixed()
for await (const one of py.map(target, new Set([1]).values())) void one
await py.className(target)
await using session = await py.session()
const ofSession: number = await session.run<number>(target, [1])
session.import(url)
const ofSync: number = py.sync.run<number>(target, [1], { kwargs: {} })
py.sync.import(url)
py.import(url)
interface Given {
  b: number
}
const given: Given = { b: 2 }
const kwargs: RunOptions = { kwargs: given, timeoutMs: undefined }
await py.run(target, [1], kwargs)
const sum: number = await py.eval<number>`sum(${[1, 2, 3]})`
const text: unknown = await py.eval('1')
await py.exec`a = ${1}`
export const used = [score, ofSession, ofSync, sum, text, other]

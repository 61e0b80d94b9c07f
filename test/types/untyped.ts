// Modules without a type: what is in them is checked as far as it can be, and its results are unknown.
import {
  kw,
  type Python,
  type RemoteAttribute,
  type RemoteModule,
  type RemoteObject,
  type SyncObject,
} from 'pythreads'
import { check, type Same } from './check.js'

declare const py: Python
const json: RemoteModule = py.import('json')
const text = await json.dumps({ id: 1 }, kw({ indent: 2 }))
check<Same<typeof text, unknown>>()
const string: string = await json.dumps<string>({ id: 1 })
const { dumps } = py.import('json')
check<Same<typeof dumps, RemoteAttribute>>()
const nan = await json.decoder.NAN
check<Same<typeof nan, unknown>>()
const path: string = await py.import('os').path.join<string>('a', 'b')
const deque = await new (py.import('collections').deque)([1, 2])
check<Same<typeof deque, RemoteObject>>()
await deque.append(3)
await deque.name.upper()
for await (const one of deque) check<Same<typeof one, unknown>>()
const db = await py.import('sqlite3').connect<RemoteObject>(':memory:')
for await (const row of await db.execute<RemoteObject>('select 1')) void row
const imported = await py.import('json')
check<Same<typeof imported, RemoteModule>>()
const repr: string = await imported.$repr()
const object = py.sync.import('collections').deque<SyncObject>([1])
for (const one of object) check<Same<typeof one, unknown>>()
const popped = object.pop()
check<Same<typeof popped, unknown>>()
export const used = [string, path, repr]

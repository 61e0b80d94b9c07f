// With `noUncheckedIndexedAccess` a name without a type is `any`: it can be called without a check.
import { kw, type Python, type RemoteModule, type RemoteObject, type SyncObject } from 'pythreads'
import { check, type Same } from './check.js'

declare const py: Python
const text: string = await py.import('json').dumps({ id: 1 }, kw({ indent: 2 }))
const { add } = py.import('rules')
await add(1)
await add(1).then(console.log)
const nan: number = await py.import('json').decoder.NAN
await new (py.import('collections').deque)([1, 2])
const db: RemoteObject = await py.import('sqlite3').connect(':memory:')
for await (const row of await db.execute('select 1')) void row
await db.cursor.name
const imported = await py.import('json')
check<Same<typeof imported, RemoteModule>>()
await imported.loads('[1]')
const repr: string = await imported.$repr()
const object: SyncObject = py.sync.import('collections').deque([1])
for (const one of object) check<Same<typeof one, unknown>>()
object.append(1)
object.append.name.upper()
await (await py.module('def f(): pass', 'm')).f()
await using session = await py.session()
await session.import('json').dumps({})
export const used = [text, nan, repr]

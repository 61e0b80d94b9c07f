// Why: who adds an option, a field of `stats()` or an event must also write it down. Here the
// tables of docs/ have the same names as the types of src, in both directions: a name that is
// missing fails, and one that the types do not have fails.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readDeclarations, ts } from '../../scripts/docs/declarations.ts'
import { CHANNEL_NAMES } from '../../src/index.ts'

const { declared } = readDeclarations()

/** The rows of the first table below a title, by column. */
function rowsOf(page: string, title: string, column?: string): Record<string, string>[] {
  const text = readFileSync(fileURLToPath(new URL(`../../docs/${page}`, import.meta.url)), 'utf8')
  const [, section = ''] = text.split(new RegExp(`^#+ ${title.replace(/[()?.]/g, '\\$&')}$`, 'm'))
  const tables = section.split(/^#+ /m, 1)[0]?.match(/(?:^\|.*\n)+/gm) ?? []
  const table = tables.find((one) => column === undefined || one.startsWith(`| ${column} |`))
  if (table === undefined) throw new Error(`There is no such table below "${title}" in ${page}`)
  const [head = [], , ...rows] = table
    .trim()
    .split('\n')
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
  return rows.map((cells) => Object.fromEntries(head.map((name, i) => [name, cells[i] ?? ''])))
}

/** The names in backticks. */
const codes = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
const names = (rows: readonly Record<string, string>[], column: string) =>
  rows.flatMap((row) => codes(row[column]))
/** The names in `{ a, b }`. */
const inBraces = (cell = '') => /`\{ (.*?) \}`/.exec(cell)?.[1]?.split(', ')

type Members = readonly ts.TypeElement[]

/** The members that an interface itself declares. */
function membersOf(name: string): Members {
  const node = declared.get(name)?.node
  if (node === undefined || !ts.isInterfaceDeclaration(node))
    throw new Error(`${name} is no interface of the public types`)
  return node.members
}

const keysOf = (members: Members) => members.flatMap((member) => member.name?.getText() ?? [])
const typeOf = (member: ts.TypeElement) =>
  ts.isPropertySignature(member) ? member.type : undefined

/**
 * The members of the object that a type has in it: an interface of the public types, or one that is
 * written there.
 */
function objectIn(type: ts.TypeNode | undefined): Members | undefined {
  let found: Members | undefined
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionTypeNode(node)) return
    if (ts.isTypeLiteralNode(node)) found = node.members
    const other = ts.isTypeReferenceNode(node)
      ? declared.get(node.typeName.getText())?.node
      : undefined
    if (other !== undefined && ts.isInterfaceDeclaration(other)) found = other.members
    ts.forEachChild(node, visit)
  }
  if (type !== undefined) visit(type)
  return found
}

/** The texts that a type consists of, or the type that it names. */
function textsIn(type: ts.TypeNode | undefined): string[] {
  if (type === undefined) return []
  if (ts.isUnionTypeNode(type)) return type.types.flatMap(textsIn)
  if (ts.isLiteralTypeNode(type) && ts.isStringLiteral(type.literal)) return [type.literal.text]
  const other = ts.isTypeReferenceNode(type)
    ? declared.get(type.typeName.getText())?.node
    : undefined
  return other !== undefined && ts.isTypeAliasDeclaration(other) ? textsIn(other.type) : []
}

describe('the table of the options of `Python.start`', () => {
  const rows = rowsOf('pool.md', 'Options of `Python.start`')
  const written = names(rows, 'option')
  const members = membersOf('PythonOptions')
  const withObjects = members.flatMap((member) => {
    const inner = objectIn(typeOf(member))
    return inner === undefined ? [] : [[member.name?.getText() ?? '', keysOf(inner)] as const]
  })

  it('the options of `Python.start` in docs/pool.md are those of its type', () => {
    expect(written.filter((name) => !name.includes('.')).sort()).toEqual(keysOf(members).sort())
  })

  it.each(withObjects)('docs/pool.md has the keys of the option `%s`', (option, keys) => {
    const row = rows.find((one) => codes(one['option']).includes(option))
    expect(inBraces(row?.['unit, type'])?.sort()).toEqual([...keys].sort())
  })

  it.each(
    members.flatMap((member) => {
      const texts = textsIn(typeOf(member))
      return texts.length === 0 ? [] : [[member.name?.getText() ?? '', texts] as const]
    }),
  )('docs/pool.md has the texts that the option `%s` may be', (option, texts) => {
    const row = rows.find((one) => codes(one['option']).includes(option))
    const quoted = [...(row?.['unit, type'] ?? '').matchAll(/'([^']+)'/g)].map(
      ([, text = '']) => text,
    )
    expect(quoted.sort()).toEqual([...texts].sort())
  })

  it('docs/pool.md has no row for a key of an option that does not exist', () => {
    const keys = withObjects.flatMap(([option, inner]) => inner.map((key) => `${option}.${key}`))
    expect(keys).toEqual(expect.arrayContaining(written.filter((name) => name.includes('.'))))
  })

  it('docs/pool.md has a row for each limit, and each reason to recycle', () => {
    const keys = withObjects.flatMap(([option, inner]) => inner.map((key) => `${option}.${key}`))
    const wanted = keys.filter((key) => /^(limits|recycle)\./.test(key))
    expect(names(rowsOf('pool.md', 'Limits and recycling'), 'option').sort()).toEqual(wanted.sort())
  })
})

describe('the table of the options of calls', () => {
  const rows = rowsOf('pool.md', 'Options of calls')
  const all = keysOf(membersOf('CallOptions'))
  const run = keysOf(membersOf('RunOptions'))
  const map = keysOf(membersOf('MapOptions')).filter((key) => !all.includes(key))
  const sync = declared.get('SyncKey')?.node
  const places: Record<string, readonly string[]> = {
    all,
    run,
    map,
    'session.run': run.filter((key) => key !== 'worker'),
    'sync.run': sync !== undefined && ts.isTypeAliasDeclaration(sync) ? textsIn(sync.type) : [],
  }

  it('the options of calls in docs/pool.md are those of the types', () => {
    expect(names(rows, 'option').sort()).toEqual([...new Set([...all, ...run, ...map])].sort())
  })

  it.each(Object.keys(places))('docs/pool.md has the options of calls by `%s`', (place) => {
    const taken = rows.filter((row) =>
      (row['in'] ?? '').replaceAll('`', '').split(', ').includes(place),
    )
    expect(names(taken, 'option').sort()).toEqual([...(places[place] ?? [])].sort())
  })

  it('docs/pool.md has the fields that `onProgress` gets', () => {
    const progress = rows.find((row) => codes(row['option']).includes('onProgress'))
    expect(inBraces(progress?.['unit, type'])).toEqual(keysOf(membersOf('MapProgress')))
  })
})

describe('the tables of `stats()`', () => {
  const members = [...membersOf('PythonStats'), ...membersOf('PoolStats')]
  const times = 'Fields of times'
  const titles: Record<string, string> = {
    python: 'Fields of `python`',
    workers: 'Fields of each worker',
    memory: 'Fields of `memory`',
    queueTimes: times,
    runTimes: times,
    gil: 'Why is my multi-threaded Python slow?',
  }
  const nested = members.flatMap((member) => {
    const inner = objectIn(typeOf(member))
    return inner === undefined ? [] : [[member.name?.getText() ?? '', keysOf(inner)] as const]
  })

  it('the fields of `stats()` in docs/pool.md are those of its type', () => {
    expect(names(rowsOf('pool.md', '`stats()`'), 'field').sort()).toEqual(keysOf(members).sort())
  })

  it('docs/pool.md has a table for each field of `stats()` that is an object', () => {
    expect(nested.map(([field]) => field).sort()).toEqual(Object.keys(titles).sort())
  })

  it.each(nested)('docs/pool.md has the fields of `%s` of `stats()`', (field, keys) => {
    expect(names(rowsOf('pool.md', titles[field] ?? ''), 'field').sort()).toEqual([...keys].sort())
  })

  it('docs/pool.md has the states of a worker', () => {
    const state = membersOf('WorkerStats').find((member) => member.name?.getText() === 'state')
    const row = rowsOf('pool.md', 'Fields of each worker').find((one) => one['field'] === '`state`')
    expect(codes(row?.['what it is']).sort()).toEqual(textsIn(state && typeOf(state)).sort())
  })
})

describe('the table of events', () => {
  const rows = rowsOf('pool.md', 'Events and channels')
  const poolEvents = membersOf('PoolEvents')
  const events = [...poolEvents, ...membersOf('CallEvents')].map((member) => {
    const type = typeOf(member)
    const parts = type !== undefined && ts.isIntersectionTypeNode(type) ? [...type.types] : [type]
    return [
      member.name?.getText() ?? '',
      parts.flatMap((part) => keysOf(objectIn(part) ?? [])),
    ] as const
  })

  it('docs/pool.md has the events and channels of the types, in their order', () => {
    expect(names(rows, 'event')).toEqual(keysOf(poolEvents))
    expect(names(rows, 'channel')).toEqual(Object.values(CHANNEL_NAMES))
    expect(events.map(([event]) => event)).toEqual(Object.keys(CHANNEL_NAMES))
  })

  it.each(events)('docs/pool.md has the fields of the event %s', (event, fields) => {
    const channel: string = CHANNEL_NAMES[event as keyof typeof CHANNEL_NAMES]
    const row = rows.find((one) => codes(one['channel']).includes(channel))
    expect(codes(row?.['details'])).toEqual(fields)
  })

  it('docs/pool.md has the outcomes of a call', () => {
    const node = declared.get('CallOutcome')?.node
    const outcomes = node !== undefined && ts.isTypeAliasDeclaration(node) ? textsIn(node.type) : []
    const text = readFileSync(fileURLToPath(new URL('../../docs/pool.md', import.meta.url)), 'utf8')
    const [sentence = ''] = /`outcome`\sis [^.]*\./.exec(text) ?? []
    expect(codes(sentence)).toEqual(expect.arrayContaining(outcomes))
    expect(codes(sentence).filter((code) => !['outcome', 'destroy'].includes(code))).toEqual(
      outcomes,
    )
  })
})

/** What instances of a class have, without its methods, and with what it inherits of ours. */
function propertiesOf(name: string): string[] {
  const node = declared.get(name)?.node
  if (node === undefined || !ts.isClassDeclaration(node))
    throw new Error(`${name} is no public class`)
  const own = node.members.filter((member) => {
    const isPrivate = member.name === undefined || ts.isPrivateIdentifier(member.name)
    return !isPrivate && (ts.isGetAccessor(member) || ts.isPropertyDeclaration(member))
  })
  return own.map((member) => member.name?.getText() ?? '')
}

it('docs/errors.md has the properties of PythonError, with those of its base classes', () => {
  const ofError = ['message', 'cause', 'stack']
  const wanted = [...ofError, ...propertiesOf('PythreadsError'), ...propertiesOf('PythonError')]
  expect(names(rowsOf('errors.md', 'PythonError'), 'property').sort()).toEqual(wanted.sort())
})

it('docs/errors.md has the fields of a frame, and of the place of a SyntaxError', () => {
  const rows = rowsOf('errors.md', 'PythonError')
  const fields = (property: string) =>
    inBraces(rows.find((row) => row['property'] === property)?.['what it is'])
  expect(fields('`frames`')).toEqual(keysOf(membersOf('PythonFrame')))
  expect(fields('`place`')).toEqual(keysOf(membersOf('SourcePlace')))
})

it('docs/failures.md has the properties of WorkerDiedError', () => {
  const column = 'field of `WorkerDiedError`'
  expect(names(rowsOf('failures.md', 'A worker died', column), column).sort()).toEqual(
    ['code', ...propertiesOf('WorkerDiedError')].sort(),
  )
})

it('docs/logging.md has the properties of a log record', () => {
  expect(names(rowsOf('logging.md', 'Records'), 'property').sort()).toEqual(
    keysOf(membersOf('PythonLogRecord')).sort(),
  )
})

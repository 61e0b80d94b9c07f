import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'
import { NdArray, type Python, PythonDate, PythonScalar } from '../../src/index.ts'
import { isFull } from './scale.ts'

/**
 * What values become on the other side: the tables of docs/values.md, and the cases that would only
 * bore its readers.
 */

/** A JavaScript value that goes to Python and comes back. The fields are expressions. */
export interface Outward {
  readonly js: string
  /** Its repr in Python, in which `...` stands for anything; `''` when that says nothing. */
  readonly repr: string
  /** The name of its type in Python; `''` for any. */
  readonly type: string
  readonly back: string
  /** A Python expression of the value `v` that has to be true. */
  readonly holds?: string
}

/** A Python value that comes to JavaScript, as such and as a deep copy. */
export interface Inward {
  readonly python: string
  readonly js: string
  /** `'refused'`: there is no copy. */
  readonly toJS: string
  /** The minor version of Python 3 that has it; 0 where all have it. */
  readonly since: number
}

/** A JavaScript value that cannot cross. */
export interface Refused {
  readonly js: string
  /**
   * What follows the place of the value in the path; `undefined` when only Python finds it, which
   * says `args`.
   */
  readonly path: string | undefined
}

/**
 * Levels that no walk by recursion gets through; they are in titles, so that the full suite's are
 * other tests.
 */
const DEEP = isFull ? '50_000' : '12_000'
const ROOT = new URL('../../', import.meta.url)
const PAGE = readFileSync(new URL('docs/values.md', ROOT), 'utf8')

/** Stands for a remote object in what is expected. */
export class Expected {
  /** `module:Class`, if it is told. */
  readonly type: string | undefined

  constructor(type?: string) {
    this.type = type
  }
}

/** What a getter throws. */
export const mine = new Error('mine')

function add(a: number, b: number): number {
  return a + b
}

/** `bottom` in `levels` containers. */
function nested(
  levels: number,
  wrap: (inner: unknown, level: number) => unknown,
  bottom: unknown = 'bottom',
): unknown {
  let value = bottom
  for (let level = 0; level < levels; level++) value = wrap(value, level)
  return value
}

/** A value that `fill` completes, by putting it into itself for instance. */
function filled<T>(value: T, fill: (value: T) => void): T {
  fill(value)
  return value
}

class Money {
  readonly amount = 1
}

const names = {
  NdArray,
  PythonDate,
  PythonScalar,
  remote: new Expected(),
  remoteOf: (type: string) => new Expected(type),
  mine,
  add,
  one: (
    () => () =>
      1
  )(),
  nested,
  filled,
  Money,
  foreign: runInNewContext('({ f() { return 5 }, g: async () => 1 })') as object,
  elsewhere: (source: string): unknown => runInNewContext(source),
  twice: (value: unknown) => [value, value],
}

/** The value of a JavaScript expression of the tables, made anew. */
export function evaluated(js: string, py: Python): unknown {
  const make = new Function('py', ...Object.keys(names), `return (${js})`)
  return make(py, ...Object.values(names))
}

/** The rows of the page's table that begins with these columns, without the backticks. */
function rows(...columns: string[]): string[][] {
  const lines = PAGE.split('\n')
  const start = lines.indexOf(`| ${columns.join(' | ')} |`)
  if (start < 0) throw new Error(`docs/values.md has no table of ${columns.join(', ')}`)
  const end = lines.findIndex((line, i) => i > start && !line.startsWith('|'))
  return lines.slice(start + 2, end).map((line) => {
    const cells = line.slice(2, -2).split(' | ')
    if (cells.length !== columns.length)
      throw new Error(`docs/values.md: not ${columns.length} cells in ${line}`)
    return cells.map((cell) => cell.replace(/^`(.*)`$/, '$1'))
  })
}

const described =
  (repr: string, type: string) =>
  (js: string): Outward => ({ js, repr, type, back: 'same' })
const kept = (type: string, ...expressions: string[]): Outward[] =>
  expressions.map(described('', type))
const scalar = (type: string, ...texts: string[]): Outward[] =>
  texts.map((text) => ({
    js: `new PythonScalar('${type}', ${JSON.stringify(text)})`,
    repr: '',
    type,
    back: 'same',
  }))
const array = (js: string, holds: string, back: string = 'same'): Outward => ({
  js,
  repr: '',
  type: 'memoryview',
  back,
  holds,
})

const moreOutward: Outward[] = [
  ...(
    [
      ['0', '0'],
      ['-1', '-1'],
      ['2 ** 31 - 1', '2147483647'],
      ['2 ** 31', '2147483648'],
      ['-(2 ** 31)', '-2147483648'],
      ['-(2 ** 31) - 1', '-2147483649'],
      ['2 ** 32', '4294967296'],
      ['2 ** 45', '35184372088832'],
      ['-(2 ** 53) + 1', '-9007199254740991'],
      ['2n ** 63n - 1n', '9223372036854775807'],
      ['2n ** 63n', '9223372036854775808'],
      ['2n ** 64n', '18446744073709551616'],
      ['2n ** 70n', '1180591620717411303424'],
      ['-(2n ** 63n) - 5n', '-9223372036854775813'],
      ['-(2n ** 63n)', '-9223372036854775808'],
      ['-(2n ** 53n)', '-9007199254740992'],
      ['2n ** 53n + 1n', '9007199254740993'],
      ['10n ** 200n', `1${'0'.repeat(200)}`],
    ] as const
  ).map(([js, repr]) => ({ js, repr, type: 'int', back: 'same' })),
  { js: '0n', repr: '0', type: 'int', back: '0' },
  { js: '-(2n ** 31n)', repr: '-2147483648', type: 'int', back: '-(2 ** 31)' },
  { js: '-(2n ** 31n) - 1n', repr: '-2147483649', type: 'int', back: '-(2 ** 31) - 1' },
  { js: '2n ** 53n - 1n', repr: '9007199254740991', type: 'int', back: '2 ** 53 - 1' },
  { js: '-(2n ** 53n) + 1n', repr: '-9007199254740991', type: 'int', back: '-(2 ** 53) + 1' },
  ...(
    [
      ['0.1', '0.1'],
      ['-1.5', '-1.5'],
      ['Infinity', 'inf'],
      ['5e-324', '5e-324'],
      ['-5e-324', '-5e-324'],
      ['Number.MAX_VALUE', '1.7976931348623157e+308'],
      ['Number.EPSILON', '2.220446049250313e-16'],
      ['-(2 ** 53)', '-9007199254740992.0'],
      ['2 ** 63', '9.223372036854776e+18'],
      ['1e300', '1e+300'],
    ] as const
  ).map(([js, repr]) => ({ js, repr, type: 'float', back: 'same' })),
  { js: 'py.float(-0)', repr: '-0.0', type: 'float', back: '-0' },
  { js: 'py.float(0)', repr: '0.0', type: 'float', back: '0' },
  { js: 'py.float(NaN)', repr: 'nan', type: 'float', back: 'NaN' },
  { js: 'py.float(2 ** 31)', repr: '2147483648.0', type: 'float', back: '2 ** 31' },
  { js: '[py.float(1), 1]', repr: '[1.0, 1]', type: 'list', back: '[1, 1]' },
  { js: 'false', repr: 'False', type: 'bool', back: 'same' },

  ...(
    [
      ["''", "''"],
      ["'\\0'", "'\\x00'"],
      ["'é€'", "'é€'"],
      ["'\\u{1f600}'", "'\u{1f600}'"],
      ["'\\udc00'", "'\\udc00'"],
      ["'\\ud83d'", "'\\ud83d'"],
      ["'\\udfff\\ud800'", "'\\udfff\\ud800'"],
      ["'a\\ud800b'", "'a\\ud800b'"],
      ["'\\ud800\\u{1f600}\\udc00'", "'\\ud800\u{1f600}\\udc00'"],
      ["'\\ufeffa'", "'\\ufeffa'"],
      ["'\\ufffd'", "'\ufffd'"],
      ["'\\uffff\\ufffe'", "'\\uffff\\ufffe'"],
      ["'\\u{10ffff}'", "'\\U0010ffff'"],
      ["'it\\'s'", '"it\'s"'],
    ] as const
  ).map(([js, repr]) => ({ js, repr, type: 'str', back: 'same' })),
  ...kept('str', ...[47, 48, 49, 255, 256, 70_000].map((n) => `'x'.repeat(${n})`)),
  ...kept('str', ...[47, 48, 49, 255, 256, 70_000].map((n) => `'é'.repeat(${n})`)),
  {
    js: "'\\u{1f600}'.repeat(50_000)",
    repr: '',
    type: 'str',
    back: 'same',
    holds: 'len(v) == 50_000',
  },
  {
    js: "'\\ud800'.repeat(70_000)",
    repr: '',
    type: 'str',
    back: 'same',
    holds: 'len(v) == 70_000',
  },

  array('new Uint8Array(0)', "v == b'' and v.format == 'B'", 'new Uint8Array(0)'),
  array('Buffer.alloc(0)', "v == b''", 'new Uint8Array(0)'),
  array(
    'new Uint8Array([1, 2, 3]).subarray(1)',
    "v == b'\\x02\\x03' and not v.readonly",
    'new Uint8Array([2, 3])',
  ),
  array('new Uint8Array([1, 2, 3]).buffer', "v == b'\\x01\\x02\\x03'", 'new Uint8Array([1, 2, 3])'),
  array(
    'new DataView(new Uint8Array([1, 2, 3]).buffer, 1, 1)',
    "v == b'\\x02'",
    'new Uint8Array([2])',
  ),
  array('new Uint8ClampedArray([1, 2, 3]).subarray(2)', "v == b'\\x03'", 'new Uint8Array([3])'),
  array('new Uint8Array(new SharedArrayBuffer(2))', "v == b'\\x00\\x00'", 'new Uint8Array(2)'),
  array('new ArrayBuffer(0)', "v == b''", 'new Uint8Array(0)'),
  array(
    'new Uint8Array(100_000).fill(7)',
    "v == b'\\7' * 100_000",
    'new Uint8Array(100_000).fill(7)',
  ),
  { js: 'py.bytes(new Uint8Array(0))', repr: "b''", type: 'bytes', back: 'new Uint8Array(0)' },
  {
    js: 'py.bytes(Buffer.from("ab"))',
    repr: "b'ab'",
    type: 'bytes',
    back: 'new Uint8Array([97, 98])',
  },
  {
    js: 'py.bytes(new ArrayBuffer(1))',
    repr: "b'\\x00'",
    type: 'bytes',
    back: 'new Uint8Array(1)',
  },
  {
    js: 'py.bytes(new Uint8Array(100_000))',
    repr: '',
    type: 'bytes',
    back: 'new Uint8Array(100_000)',
  },

  array(
    'new Int8Array([-128, 127])',
    "v.format == 'b' and v.tolist() == [-128, 127] and not v.readonly",
  ),
  array('new Int16Array([-32768, 32767])', "v.format == 'h' and v.tolist() == [-32768, 32767]"),
  array('new Uint16Array([0, 65535])', "v.format == 'H' and v.tolist() == [0, 65535]"),
  array(
    'new Int32Array([-(2 ** 31), 2 ** 31 - 1])',
    "v.format == 'i' and v.tolist() == [-2**31, 2**31 - 1]",
  ),
  array('new Uint32Array([0, 2 ** 32 - 1])', "v.format == 'I' and v.tolist() == [0, 2**32 - 1]"),
  array(
    'new BigInt64Array([-(2n ** 63n), 2n ** 63n - 1n])',
    "v.format == 'q' and v.tolist() == [-2**63, 2**63 - 1]",
  ),
  array(
    'new BigUint64Array([0n, 2n ** 64n - 1n])',
    "v.format == 'Q' and v.tolist() == [0, 2**64 - 1]",
  ),
  array(
    'new Float32Array([0.5, -0, Infinity])',
    "v.format == 'f' and repr(v.tolist()) == '[0.5, -0.0, inf]'",
  ),
  array(
    'new Float64Array([0.1, -0, NaN])',
    "v.format == 'd' and repr(v.tolist()) == '[0.1, -0.0, nan]'",
  ),
  array('new Float64Array(0)', 'v.tolist() == [] and v.itemsize == 8'),
  array(
    'new Float64Array([1, 2, 3, 4]).subarray(1, 3)',
    'v.tolist() == [2.0, 3.0] and v.nbytes == 16',
  ),
  array(
    'new Int16Array(new Uint8Array([9, 9, 1, 0, 2, 0, 9, 9]).buffer, 2, 2)',
    'v.tolist() == [1, 2]',
  ),
  array(
    'filled(new Int32Array(new SharedArrayBuffer(8)), (a) => a.set([1, 2]))',
    'v.tolist() == [1, 2]',
    'new Int32Array([1, 2])',
  ),
  array('new Float64Array(100_000).fill(0.5)', 'len(v) == 100_000 and sum(v) == 50_000'),
  {
    js: '[{ a: new Int8Array([1]) }]',
    repr: "[{'a': <memory at ...>}]",
    type: 'list',
    back: 'same',
  },

  { js: '[]', repr: '[]', type: 'list', back: 'same' },
  { js: '[[], [[]], {}]', repr: '[[], [[]], {}]', type: 'list', back: 'same' },
  { js: 'new Array(3)', repr: '[None, None, None]', type: 'list', back: '[null, null, null]' },
  { js: 'Object.assign([1], { extra: 2 })', repr: '[1]', type: 'list', back: '[1]' },
  { js: 'new (class Mine extends Array {})(1, 2)', repr: '[1, 2]', type: 'list', back: '[1, 2]' },
  {
    js: 'Array.from({ length: 1000 }, (_, i) => i * 1.5)',
    repr: '',
    type: 'list',
    back: 'same',
    holds: 'len(v) == 1000',
  },
  { js: '{}', repr: '{}', type: 'dict', back: 'same' },
  { js: "{ '': 1 }", repr: "{'': 1}", type: 'dict', back: 'same' },
  {
    js: '{ b: 1, 10: 2, 9: 3, a: 4 }',
    repr: "{'9': 3, '10': 2, 'b': 1, 'a': 4}",
    type: 'dict',
    back: 'same',
  },
  {
    js: '{ toString: 1, then: 2, hasOwnProperty: 3, length: 4, toJSON: 5 }',
    repr: '',
    type: 'dict',
    back: 'same',
  },
  {
    js: "{ ['__proto__']: { a: 1 }, b: { ['__proto__']: null } }",
    repr: '',
    type: 'dict',
    back: 'same',
  },
  { js: "{ '\\ud800': 1, '\\0': 2, '\\u{1f600}': 3 }", repr: '', type: 'dict', back: 'same' },
  { js: 'Object.create(null)', repr: '{}', type: 'dict', back: '{}' },
  { js: '{ [Symbol("s")]: 1, a: 2 }', repr: "{'a': 2}", type: 'dict', back: '{ a: 2 }' },
  {
    js: 'Object.defineProperty({ a: 1 }, "hidden", { value: 2 })',
    repr: "{'a': 1}",
    type: 'dict',
    back: '{ a: 1 }',
  },
  { js: '{ get a() { return [1] } }', repr: "{'a': [1]}", type: 'dict', back: '{ a: [1] }' },
  { js: '{ a: 1, toJSON() { return 2 } }.a', repr: '1', type: 'int', back: 'same' },
  {
    js: 'Object.freeze({ a: Object.freeze([1]) })',
    repr: "{'a': [1]}",
    type: 'dict',
    back: '{ a: [1] }',
  },
  { js: 'new Proxy({ a: 1 }, {})', repr: "{'a': 1}", type: 'dict', back: '{ a: 1 }' },
  { js: 'new Proxy([1], {})', repr: '[1]', type: 'list', back: '[1]' },
  { js: "elsewhere('({ a: [1] })')", repr: "{'a': [1]}", type: 'dict', back: '{ a: [1] }' },
  { js: "elsewhere('[1, [2]]')", repr: '[1, [2]]', type: 'list', back: '[1, [2]]' },
  {
    js: "elsewhere('Object.assign(Object.create(null), { a: 1 })')",
    repr: "{'a': 1}",
    type: 'dict',
    back: '{ a: 1 }',
  },
  {
    js: 'elsewhere(\'new Map([["a", [1]]])\')',
    repr: "{'a': [1]}",
    type: 'dict',
    back: '{ a: [1] }',
  },
  {
    js: "elsewhere('new Map([[1, new Set([2])]])')",
    repr: '{1: {2}}',
    type: 'dict',
    back: 'new Map([[1, new Set([2])]])',
  },
  {
    js: "elsewhere('new (class Mine extends Map {})([[1, 2]])')",
    repr: '{1: 2}',
    type: 'dict',
    back: 'new Map([[1, 2]])',
  },
  { js: "elsewhere('new Date(0)')", repr: '', type: 'datetime.datetime', back: 'new Date(0)' },
  { js: "elsewhere('new Proxy({ a: 1 }, {})')", repr: "{'a': 1}", type: 'dict', back: '{ a: 1 }' },
  { js: "elsewhere('new Proxy([1], {})')", repr: '[1]', type: 'list', back: '[1]' },
  {
    js: '[foreign.f, foreign.g]',
    repr: '[<JavaScript function f>, <JavaScript function g>]',
    type: 'list',
    back: 'same',
    holds: 'v[0]() == 5 and v[1]() == 1',
  },
  {
    js: "elsewhere('(function* () { yield 1 })()')",
    repr: '<JavaScript iterator>',
    type: '',
    back: 'remote',
    holds: 'list(v) == [1]',
  },
  array("elsewhere('new ArrayBuffer(2)')", "v == b'\\0\\0'", 'new Uint8Array(2)'),
  array("elsewhere('new SharedArrayBuffer(2)')", "v == b'\\0\\0'", 'new Uint8Array(2)'),
  array("elsewhere('new DataView(new ArrayBuffer(2))')", "v == b'\\0\\0'", 'new Uint8Array(2)'),
  array("elsewhere('new Float64Array([1.5])')", 'v.tolist() == [1.5]', 'new Float64Array([1.5])'),
  array("elsewhere('new Float64Array(10_000)')", 'len(v) == 10_000', 'new Float64Array(10_000)'),
  array("elsewhere('new BigInt64Array([5n])')", 'v.tolist() == [5]', 'new BigInt64Array([5n])'),
  array(
    'new (class extends Float64Array { get [Symbol.toStringTag]() { return "Int8Array" } })(1)',
    'v.itemsize == 8',
    'new Float64Array(1)',
  ),
  {
    js: "new Set([elsewhere('new Date(0)'), elsewhere('new Set([1])'), elsewhere('[2]'), elsewhere('new ArrayBuffer(1)')])",
    repr: '',
    type: 'set',
    back: 'new Set([new Date(0), new Set([1]), [2], new Uint8Array(1)])',
    holds: "(2,) in v and frozenset({1}) in v and b'\\0' in v and len(v) == 4",
  },
  {
    js: 'new (class extends Set { get size() { return 9 } })([1])',
    repr: '{1}',
    type: 'set',
    back: 'new Set([1])',
  },
  {
    js: 'new (class extends Map { *entries() {} *[Symbol.iterator]() {} })([[1, 2]])',
    repr: '{1: 2}',
    type: 'dict',
    back: 'new Map([[1, 2]])',
  },
  {
    js: '((m) => new Proxy(m, { get: (_, k) => (typeof m[k] === "function" ? m[k].bind(m) : m[k]) }))(new Map([[1, 2]]))',
    repr: '{1: 2}',
    type: 'dict',
    back: 'new Map([[1, 2]])',
  },

  {
    js: 'new Map([[1.5, 1], [true, 2], [-1, 3], [2n ** 70n, 4]])',
    repr: '{1.5: 1, True: 2, -1: 3, 1180591620717411303424: 4}',
    type: 'dict',
    back: 'same',
  },
  { js: 'new Map([[NaN, 1]])', repr: '{nan: 1}', type: 'dict', back: 'same' },
  { js: 'new Map([[null, 1]])', repr: '{None: 1}', type: 'dict', back: 'same' },
  {
    js: 'new Map([[undefined, 1]])',
    repr: '{None: 1}',
    type: 'dict',
    back: 'new Map([[null, 1]])',
  },
  {
    js: 'new Map([[2n ** 53n, 1], [5n, 2]])',
    repr: '{9007199254740992: 1, 5: 2}',
    type: 'dict',
    back: 'new Map([[2n ** 53n, 1], [5, 2]])',
  },
  { js: 'new Map([[py.float(5), 1]])', repr: '{5.0: 1}', type: 'dict', back: 'new Map([[5, 1]])' },
  { js: 'new Map([[new Uint8Array([97]), 1]])', repr: "{b'a': 1}", type: 'dict', back: 'same' },
  { js: 'new Map([[[], 1]])', repr: '{(): 1}', type: 'dict', back: 'same' },
  {
    js: 'new Map([[[new Set([[1]])], 1]])',
    repr: '{(frozenset({(1,)}),): 1}',
    type: 'dict',
    back: 'same',
  },
  { js: 'new Map([[new Set(), 1]])', repr: '{frozenset(): 1}', type: 'dict', back: 'same' },
  {
    js: 'new Map([[[new Date(0)], 1]])',
    repr: '{(datetime.datetime(1970, ...),): 1}',
    type: 'dict',
    back: 'same',
  },
  {
    js: "new Map([[new PythonScalar('decimal.Decimal', '1.5'), 1]])",
    repr: "{Decimal('1.5'): 1}",
    type: 'dict',
    back: 'same',
  },
  {
    js: "new Map([[new PythonScalar('uuid.UUID', '00000000-0000-0000-0000-000000000005'), [1]]])",
    repr: '',
    type: 'dict',
    back: 'same',
  },
  {
    js: 'new Map([["10", 1], ["b", 2], [7, 3], ["9", 4]])',
    repr: "{'10': 1, 'b': 2, 7: 3, '9': 4}",
    type: 'dict',
    back: 'same',
  },
  {
    js: 'new Map([["__proto__", 1]])',
    repr: "{'__proto__': 1}",
    type: 'dict',
    back: "{ ['__proto__']: 1 }",
  },
  {
    js: 'new Map([[1, new Map([[2, new Map([[3, new Set([4])]])]])]])',
    repr: '{1: {2: {3: {4}}}}',
    type: 'dict',
    back: 'same',
  },
  { js: 'new Map([[add, 1]])', repr: '{<JavaScript function add>: 1}', type: 'dict', back: 'same' },
  {
    js: 'new (class Mine extends Map {})([[1, 2]])',
    repr: '{1: 2}',
    type: 'dict',
    back: 'new Map([[1, 2]])',
  },
  {
    js: 'new Set([1, "a", null, 1.5, false])',
    repr: '',
    type: 'set',
    back: 'same',
    holds: "v == {1, 'a', None, 1.5, False}",
  },
  {
    js: 'new Set([new Set([new Set()])])',
    repr: '{frozenset({frozenset()})}',
    type: 'set',
    back: 'same',
  },
  {
    js: 'new Set([new Date(0), new Date(1)])',
    repr: '',
    type: 'set',
    back: 'same',
    holds: 'len(v) == 2',
  },
  {
    js: "new Set([new PythonScalar('decimal.Decimal', 'NaN'), new PythonScalar('decimal.Decimal', 'NaN')])",
    repr: '',
    type: 'set',
    back: 'same',
    holds: 'len(v) == 2',
  },
  {
    js: "new Map([[new PythonScalar('complex', 'nan+1j'), 1], [new PythonScalar('complex', 'nan+1j'), 2]])",
    repr: '{(nan+1j): 1, (nan+1j): 2}',
    type: 'dict',
    back: 'same',
  },
  {
    js: "new Set([[new PythonScalar('decimal.Decimal', '-NaN')], [new PythonScalar('decimal.Decimal', '-NaN')]])",
    repr: '',
    type: 'set',
    back: 'same',
    holds: 'len(v) == 2',
  },
  {
    js: "new Set([[new PythonScalar('pathlib.PurePosixPath', 'a'), new PythonScalar('pathlib.PurePosixPath', 'b')], [new PythonScalar('pathlib.PurePosixPath', 'a,pathlib.PurePosixPath b')]])",
    repr: '',
    type: 'set',
    back: 'same',
    holds: 'len(v) == 2',
  },
  { js: 'new Set([NaN])', repr: '{nan}', type: 'set', back: 'same' },
  {
    js: 'new Set([new Uint8Array([1]), new Uint8Array([2])])',
    repr: '',
    type: 'set',
    back: 'same',
    holds: "v == {b'\\1', b'\\2'}",
  },
  {
    js: 'new Set([[1, 2], [1, 3], [[1], 2]])',
    repr: '',
    type: 'set',
    back: 'same',
    holds: 'v == {(1, 2), (1, 3), ((1,), 2)}',
  },
  { js: '[new Set([new Date(5)]), { a: new Set(["x"]) }]', repr: '', type: 'list', back: 'same' },

  ...(
    [
      ['-1', 'datetime.datetime(1969, 12, 31, 23, 59, 59, 999000, tzinfo=datetime.timezone.utc)'],
      ['1', 'datetime.datetime(1970, 1, 1, 0, 0, 0, 1000, tzinfo=datetime.timezone.utc)'],
      ['-62135596800000', 'datetime.datetime(1, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)'],
      [
        '253402300799999',
        'datetime.datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=datetime.timezone.utc)',
      ],
      ['951782400000', 'datetime.datetime(2000, 2, 29, 0, 0, tzinfo=datetime.timezone.utc)'],
      ['2147483648000', 'datetime.datetime(2038, 1, 19, 3, 14, 8, tzinfo=datetime.timezone.utc)'],
    ] as const
  ).map(([ms, repr]) => ({ js: `new Date(${ms})`, repr, type: 'datetime.datetime', back: 'same' })),
  { js: '[new Date(0), { at: new Date(1) }]', repr: '', type: 'list', back: 'same' },

  ...scalar(
    'decimal.Decimal',
    'NaN',
    '-NaN',
    'sNaN',
    'NaN123',
    'Infinity',
    '-Infinity',
    '-0',
    '-0E-10',
    '0E+5',
    '1E+1000',
    '1.10',
  ),
  ...scalar('decimal.Decimal', '-1.5E-300', '12345678901234567890123456789012345678901234567890.5'),
  {
    js: "new PythonScalar('decimal.Decimal', '1e3')",
    repr: "Decimal('1E+3')",
    type: '',
    back: "new PythonScalar('decimal.Decimal', '1E+3')",
  },
  ...scalar('fractions.Fraction', '0', '-1/3', '5', '1/100000000000000000000000000000000'),
  {
    js: "new PythonScalar('fractions.Fraction', '2/4')",
    repr: 'Fraction(1, 2)',
    type: '',
    back: "new PythonScalar('fractions.Fraction', '1/2')",
  },
  {
    js: "new PythonScalar('fractions.Fraction', '0.25')",
    repr: 'Fraction(1, 4)',
    type: '',
    back: "new PythonScalar('fractions.Fraction', '1/4')",
  },
  ...scalar(
    'complex',
    '0j',
    '-0-0j',
    '-0j',
    'nan+nanj',
    'inf-infj',
    '1e+300-5e-324j',
    '1.5j',
    '-0+0j',
  ),
  ...scalar(
    'datetime.datetime',
    '0001-01-01T00:00:00',
    '9999-12-31T23:59:59.999999',
    '2020-02-29T00:00:00.000001',
  ),
  {
    js: "new PythonScalar('datetime.datetime', '1970-01-02T00:00:00.000005+00:00')",
    repr: '',
    type: 'datetime.datetime',
    back: "PythonDate.of('1970-01-02T00:00:00.000005+00:00')",
  },
  {
    js: "new PythonScalar('datetime.datetime', '1970-01-01T00:00:00+00:00')",
    repr: '',
    type: 'datetime.datetime',
    back: 'new Date(0)',
  },
  {
    js: "new PythonScalar('datetime.datetime', '1970-01-01T02:00:00+02:00')",
    repr: '',
    type: 'datetime.datetime',
    back: "PythonDate.of('1970-01-01T02:00:00+02:00')",
  },
  ...scalar('datetime.date', '0001-01-01', '9999-12-31', '2000-02-29'),
  ...scalar('datetime.time', '00:00:00', '23:59:59.999999', '12:00:00.000001'),
  ...scalar(
    'datetime.timedelta',
    'P0DT0.000000S',
    'P-1DT86399.999999S',
    'P999999999DT86399.999999S',
    'P-999999999DT0.000000S',
  ),
  {
    js: "new PythonScalar('datetime.timedelta', 'P0DT90000.5S')",
    repr: 'datetime.timedelta(days=1, seconds=3600, microseconds=500000)',
    type: '',
    back: "new PythonScalar('datetime.timedelta', 'P1DT3600.500000S')",
  },
  ...scalar(
    'uuid.UUID',
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
  ),
  ...scalar('pathlib.PosixPath', '/', '.', 'a/b', '/tmp/é \u{1f600}', '..', '//a'),
  ...scalar('pathlib.PurePosixPath', '.', 'a\\b', '/'),
  ...scalar('pathlib.PureWindowsPath', '.', 'c:\\', '\\\\host\\share\\', 'c:a', 'a\\b'),
  {
    js: "[new PythonScalar('complex', '1j'), { a: new PythonScalar('decimal.Decimal', '1') }]",
    repr: "[1j, {'a': Decimal('1')}]",
    type: 'list',
    back: 'same',
  },

  {
    js: '[add, { add }]',
    repr: '[<JavaScript function add>, {...<JavaScript function add>}]',
    type: 'list',
    back: 'same',
  },
  { js: 'one', repr: '<JavaScript function anonymous>', type: '', back: 'same', holds: 'v() == 1' },
  {
    js: 'Math.max',
    repr: '<JavaScript function max>',
    type: '',
    back: 'same',
    holds: 'v(1, 5, 2) == 5',
  },
  { js: 'Map', repr: '<JavaScript function Map>', type: '', back: 'same' },
  { js: 'Money', repr: '<JavaScript function Money>', type: '', back: 'same' },
  {
    js: '(function* () { yield 1; yield 2 })()',
    repr: '<JavaScript iterator>',
    type: '',
    back: 'remote',
    holds: 'list(v) == [1, 2]',
  },
  {
    js: '{ *[Symbol.iterator]() { yield 1; yield [2] } }',
    repr: '<JavaScript iterator>',
    type: '',
    back: 'remote',
    holds: 'list(v) == [1, [2]]',
  },
  {
    js: 'new Map([[1, 2]]).entries()',
    repr: '<JavaScript iterator>',
    type: '',
    back: 'remote',
    holds: 'list(v) == [[1, 2]]',
  },
  {
    js: "py.import('decimal').Decimal",
    repr: "<class 'decimal.Decimal'>",
    type: 'type',
    back: 'remote',
  },

  { js: 'twice([1])', repr: '[[1], [1]]', type: 'list', back: 'same', holds: 'v[0] is v[1]' },
  {
    js: 'twice({ a: 1 })',
    repr: "[{'a': 1}, {'a': 1}]",
    type: 'list',
    back: 'same',
    holds: 'v[0] is v[1]',
  },
  {
    js: 'twice(new Map([[1, 2]]))',
    repr: '[{1: 2}, {1: 2}]',
    type: 'list',
    back: 'same',
    holds: 'v[0] is v[1]',
  },
  {
    js: 'twice(new Set([1]))',
    repr: '[{1}, {1}]',
    type: 'list',
    back: 'same',
    holds: 'v[0] is v[1]',
  },
  { js: 'twice([new Date(0)])', repr: '', type: 'list', back: 'same', holds: 'v[0] is v[1]' },
  {
    js: 'twice(new Set([new Date(0)]))',
    repr: '',
    type: 'list',
    back: 'same',
    holds: 'v[0] is v[1]',
  },
  { js: '[[1], [1]]', repr: '[[1], [1]]', type: 'list', back: 'same', holds: 'v[0] is not v[1]' },
  {
    js: '((a) => ({ x: a, y: { z: a }, m: new Map([[1, a]]) }))([])',
    repr: '',
    type: 'dict',
    back: 'same',
    holds: "v['x'] is v['y']['z'] is v['m'][1]",
  },
  {
    js: 'filled([1], (a) => a.push(a))',
    repr: '[1, [...]]',
    type: 'list',
    back: 'same',
    holds: 'v[1] is v',
  },
  {
    js: 'filled({ a: 1 }, (o) => { o.me = o })',
    repr: "{'a': 1, 'me': {...}}",
    type: 'dict',
    back: 'same',
    holds: "v['me'] is v",
  },
  {
    js: 'filled(new Map([[1, 1]]), (m) => m.set(2, m))',
    repr: '{1: 1, 2: {...}}',
    type: 'dict',
    back: 'same',
    holds: 'v[2] is v',
  },
  {
    js: 'filled([new Date(0)], (a) => a.push({ up: a }))',
    repr: '',
    type: 'list',
    back: 'same',
    holds: "v[1]['up'] is v",
  },
  {
    js: 'filled(new Map([[1, new Date(0)]]), (m) => m.set(2, [m, m]))',
    repr: '',
    type: 'dict',
    back: 'same',
    holds: 'v[2][0] is v is v[2][1]',
  },
  {
    js: 'filled({ a: { b: {} } }, (o) => { o.a.b.c = o.a; o.d = o.a.b })',
    repr: '',
    type: 'dict',
    back: 'same',
    holds: "v['a']['b']['c'] is v['a']",
  },
  {
    js: 'nested(30, (inner) => [inner, inner], [1])',
    repr: '',
    type: 'list',
    back: 'same',
    holds: 'v[0] is v[1]',
  },
  {
    js: 'nested(999, (inner) => [inner])',
    repr: '',
    type: 'list',
    back: 'same',
    holds: 'depth(v) == 999',
  },
  {
    js: 'nested(1001, (inner) => [inner])',
    repr: '',
    type: 'list',
    back: 'same',
    holds: 'depth(v) == 1001',
  },
  {
    js: 'nested(2500, (inner) => new Map([[1, inner]]))',
    repr: '',
    type: 'dict',
    back: 'same',
    holds: 'depth(v) == 2500',
  },
  {
    js: `nested(${DEEP}, (inner) => [inner])`,
    repr: '',
    type: 'list',
    back: 'same',
    holds: `depth(v) == ${DEEP}`,
  },
  {
    js: `nested(${DEEP}, (inner) => ({ a: inner }))`,
    repr: '',
    type: 'dict',
    back: 'same',
    holds: `depth(v) == ${DEEP}`,
  },
  {
    js: `nested(${DEEP}, (inner, i) => i % 3 ? [i, inner] : i % 2 ? { a: inner } : new Map([[i, inner]]))`,
    repr: '',
    type: 'list',
    back: 'same',
    holds: `depth(v) == ${DEEP}`,
  },
  {
    js: `nested(${DEEP}, (inner) => [inner], new Date(0))`,
    repr: '',
    type: 'list',
    back: 'same',
    holds: `depth(v) == ${DEEP}`,
  },
  {
    js: 'nested(3000, (inner) => twice(inner), [1])',
    repr: '',
    type: 'list',
    back: 'same',
    holds: 'depth(v) == 3001',
  },
  {
    js: 'filled([], (a) => a.push(nested(5000, (inner) => [inner], a)))',
    repr: '',
    type: 'list',
    back: 'same',
    holds: 'depth(v) == 5001',
  },
  { js: 'nested(997, (inner) => [inner], new Set([[[1]]]))', repr: '', type: 'list', back: 'same' },
  { js: 'nested(998, (inner) => [inner], new Set([[[1]]]))', repr: '', type: 'list', back: 'same' },
  { js: 'nested(999, (inner) => [inner], new Set([[[1]]]))', repr: '', type: 'list', back: 'same' },
  {
    js: 'nested(1000, (inner) => [inner], new Set([[[1]]]))',
    repr: '',
    type: 'list',
    back: 'same',
  },
  {
    js: 'nested(1500, (inner) => [inner], new Set([[[1]]]))',
    repr: '',
    type: 'list',
    back: 'same',
  },
  {
    js: 'nested(999, (inner) => [inner], new Map([[[[1]], new Date(0)]]))',
    repr: '',
    type: 'list',
    back: 'same',
  },
  {
    js: 'new Map([[nested(300, (inner) => [inner], 1), 1]])',
    repr: '',
    type: 'dict',
    back: 'same',
  },
]

const inward = (python: string, js: string, toJS: string = js): Inward => ({
  python,
  js,
  toJS,
  since: 0,
})
const stays = (python: string, toJS: string = 'refused', type?: string): Inward => ({
  python,
  js: type === undefined ? 'remote' : `remoteOf('${type}')`,
  toJS,
  since: 0,
})
const text = (type: string, python: string, written: string): Inward =>
  inward(python, `new PythonScalar('${type}', ${JSON.stringify(written)})`)

const moreInward: Inward[] = [
  inward('0', '0'),
  inward('2**31', '2147483648'),
  inward('-2**31 - 1', '-2147483649'),
  inward('2**45 - 1', '2 ** 45 - 1'),
  inward('2**45', '2 ** 45'),
  inward('-2**53 + 1', 'Number.MIN_SAFE_INTEGER'),
  inward('-2**53', '-(2n ** 53n)'),
  inward('2**53 + 1', '2n ** 53n + 1n'),
  inward('2**63', '2n ** 63n'),
  inward('2**64', '2n ** 64n'),
  inward('2**70', '2n ** 70n'),
  inward('-2**63 - 5', '-(2n ** 63n) - 5n'),
  inward('10**400', '10n ** 400n'),
  inward('[False, True]', '[false, true]'),
  inward('float("-inf")', '-Infinity'),
  inward('5e-324', '5e-324'),
  inward('0.1 + 0.2', '0.1 + 0.2'),
  inward('""', "''"),
  inward('"a\\0b"', "'a\\0b'"),
  inward('"\\ud800"', "'\\ud800'"),
  inward('"\\udc00\\ud800"', "'\\udc00\\ud800'"),
  inward('"\\ud83d\\ude00"', "'\\ud83d\\ude00'"),
  inward('"\\ufeff\\ufffd"', "'\\ufeff\\ufffd'"),
  inward('"\\U0010ffff"', "'\\u{10ffff}'"),
  inward('"x" * 70_000', "'x'.repeat(70_000)"),
  inward('"\\ud800x" * 30_000', "'\\ud800x'.repeat(30_000)"),
  inward('b""', 'new Uint8Array(0)'),
  inward('memoryview(b"abcd")[::2]', 'new Uint8Array([97, 99])'),
  inward('memoryview(bytearray(b"abcd"))[1:]', 'new Uint8Array([98, 99, 100])'),
  inward('memoryview(b"ab").cast("c")', 'new Uint8Array([97, 98])'),
  inward('memoryview(b"ab").cast("b")', 'new Int8Array([97, 98])'),
  inward('memoryview(array("d", [1, 2, 3]))[::2]', 'new Float64Array([1, 3])'),
  inward('memoryview(array("i", [1, 2, 3]))[::-1]', 'new Int32Array([3, 2, 1])'),
  inward(
    'memoryview(b"\\1\\0").cast("?")',
    "new NdArray({ data: new Uint8Array([1, 0]), shape: [2], dtype: 'bool' })",
  ),
  inward(
    'memoryview(b"a").cast("B", ())',
    'new NdArray({ data: new Uint8Array([97]), shape: [] })',
  ),
  inward(
    'memoryview(bytes(16)).cast("d", (1, 2))',
    'new NdArray({ data: new Float64Array(2), shape: [1, 2] })',
  ),
  inward('array("b", [-1])', 'new Int8Array([-1])'),
  inward('array("B", [255])', 'new Uint8Array([255])'),
  inward('array("h", [-1])', 'new Int16Array([-1])'),
  inward('array("H", [65535])', 'new Uint16Array([65535])'),
  inward('array("i", [-1])', 'new Int32Array([-1])'),
  inward('array("I", [2**32 - 1])', 'new Uint32Array([2 ** 32 - 1])'),
  inward('array("l", [-1])', 'new BigInt64Array([-1n])'),
  inward('array("L", [2**64 - 1])', 'new BigUint64Array([2n ** 64n - 1n])'),
  inward('array("q", [-2**63])', 'new BigInt64Array([-(2n ** 63n)])'),
  inward('array("Q", [2**64 - 1])', 'new BigUint64Array([2n ** 64n - 1n])'),
  inward('array("f", [0.5])', 'new Float32Array([0.5])'),
  inward('array("d")', 'new Float64Array(0)'),
  inward(
    '[array("d", [1.0]), {"a": array("b")}]',
    '[new Float64Array([1]), { a: new Int8Array(0) }]',
  ),
  stays('array("u", "ab")', "['a', 'b']", 'array:array'),
  stays('Doubles("d", [1.5])', '[1.5]'),

  inward('()', '[]'),
  inward('[(), [(1,)]]', '[[], [[1]]]'),
  inward('set()', 'new Set()'),
  inward('{frozenset({1}), (1, 2)}', 'new Set([[1, 2], new Set([1])])'),
  inward('{"10": 1, "b": 2, "9": 3}', '{ 9: 3, 10: 1, b: 2 }'),
  inward('{"b": 0, "10": 1, 7: 2, "9": 3}', "new Map([['b', 0], ['10', 1], [7, 2], ['9', 3]])"),
  inward('{"__proto__": 1, "constructor": 2}', "{ ['__proto__']: 1, constructor: 2 }"),
  inward(
    '{"__proto__": [1], "x": Decimal(1)}',
    "{ ['__proto__']: [1], x: new PythonScalar('decimal.Decimal', '1') }",
  ),
  inward('{"__proto__": 1, 2: 3}', "new Map([['__proto__', 1], [2, 3]])"),
  inward(
    '{None: 1, True: 2, 1.5: 3, b"a": 4}',
    'new Map([[null, 1], [true, 2], [1.5, 3], [new Uint8Array([97]), 4]])',
  ),
  inward('{2**70: 1, float("nan"): 2}', 'new Map([[2n ** 70n, 1], [NaN, 2]])'),
  inward('{frozenset({frozenset()}): 1}', 'new Map([[new Set([new Set()]), 1]])'),
  inward(
    '{Decimal(1): 2, "a": 3}',
    "new Map([[new PythonScalar('decimal.Decimal', '1'), 2], ['a', 3]])",
  ),
  inward('{(Decimal(1), 2): 3}', "new Map([[[new PythonScalar('decimal.Decimal', '1'), 2], 3]])"),
  inward('{Decimal(1)}', "new Set([new PythonScalar('decimal.Decimal', '1')])"),
  inward(
    'frozenset({date(1970, 1, 2)})',
    "new Set([new PythonScalar('datetime.date', '1970-01-02')])",
  ),
  inward(
    '{datetime(1970, 1, 1, tzinfo=timezone.utc): {1: Decimal(1)}}',
    "new Map([[new Date(0), new Map([[1, new PythonScalar('decimal.Decimal', '1')]])]])",
  ),
  inward('{Colour.RED: 1}', 'new Map([[remote, 1]])', 'new Map([[1, 1]])'),
  inward('{Level.HIGH: 1, "a": Level.HIGH}', "new Map([[2, 1], ['a', 2]])"),
  inward('{Level.HIGH, Letter.A, Bytes(b"b")}', "new Set([2, 'a', new Uint8Array([98])])"),
  inward('{(Level.HIGH, Text("a")): Real(1.5)}', "new Map([[[2, 'a'], 1.5]])"),
  inward('{Pair(1, 2): 1}', 'new Map([[remote, 1]])', 'new Map([[{ a: 1, b: 2 }, 1]])'),
  inward('{Text("a"): 1}', '{ a: 1 }'),
  inward('{"b": Text("c"), Letter.A: 1}', "{ b: 'c', a: 1 }"),
  inward('{Text("then"): len}', "new Map([['then', remote]])"),
  inward('{len}', 'new Set([remote])'),
  inward('{1: {2: {3: {4}}}}', 'new Map([[1, new Map([[2, new Map([[3, new Set([4])]])]])]])'),

  inward('datetime(1, 1, 1, tzinfo=timezone.utc)', 'new Date(-62135596800000)'),
  inward('datetime(9999, 12, 31, 23, 59, 59, 999000, timezone.utc)', 'new Date(253402300799999)'),
  inward('datetime(1969, 12, 31, 23, 59, 59, 999000, timezone.utc)', 'new Date(-1)'),
  ...(
    [
      [
        'datetime(2000, 2, 29, 1, tzinfo=timezone(timedelta(hours=-5, minutes=-30)))',
        '2000-02-29T01:00:00-05:30',
      ],
      [
        'datetime(2000, 1, 1, tzinfo=timezone(timedelta(milliseconds=5)))',
        '2000-01-01T00:00:00+00:00:00.005000',
      ],
      [
        'datetime(2000, 1, 1, tzinfo=timezone(timedelta(microseconds=5)))',
        '2000-01-01T00:00:00+00:00:00.000005',
      ],
      [
        'datetime(2000, 1, 1, 0, 0, 0, 3, timezone(-timedelta(seconds=3661)))',
        '2000-01-01T00:00:00.000003-01:01:01',
      ],
      ['datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2)))', '0001-01-01T00:00:00+02:00'],
      [
        'datetime(1, 1, 1, 0, 0, 0, 1, timezone(timedelta(hours=23)))',
        '0001-01-01T00:00:00.000001+23:00',
      ],
      [
        'datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-2)))',
        '9999-12-31T23:00:00-02:00',
      ],
      [
        'datetime(1969, 12, 31, 23, 59, 59, 999999, timezone.utc)',
        '1969-12-31T23:59:59.999999+00:00',
      ],
      ['datetime(2020, 10, 25, 2, 30, tzinfo=Summer())', '2020-10-25T02:30:00+02:00'],
    ] as const
  ).map(([python, iso]) => inward(python, `PythonDate.of('${iso}')`)),
  inward(
    'datetime(2020, 10, 25, 2, 30, fold=1, tzinfo=Summer())',
    "PythonDate.of('2020-10-25T02:30:00+01:00', { fold: 1 })",
  ),
  inward(
    'datetime(2020, 1, 1, fold=1, tzinfo=timezone.utc)',
    "PythonDate.of('2020-01-01T00:00:00+00:00', { fold: 1 })",
  ),
  inward(
    '{datetime(2020, 1, 1, 0, 0, 0, n, timezone.utc) for n in (1, 2)}',
    'new Set([1, 2].map((n) => PythonDate.of("2020-01-01T00:00:00.00000" + n + "+00:00")))',
  ),
  inward(
    '(lambda d: [d, [d], {1: d}])(datetime(2020, 1, 1, 0, 0, 0, 1, timezone.utc))',
    "((d) => [d(), [d()], new Map([[1, d()]])])(() => PythonDate.of('2020-01-01T00:00:00.000001+00:00'))",
  ),
  stays('datetime(2020, 1, 1, tzinfo=Unknown())'),
  stays('datetime(2020, 1, 1, tzinfo=Failing())'),
  text('datetime.datetime', 'datetime(2020, 1, 1, fold=1)', '2020-01-01T00:00:00[fold=1]'),
  text('datetime.datetime', 'datetime(2020, 1, 1, 0, 0, 0, 1)', '2020-01-01T00:00:00.000001'),
  text('datetime.datetime', 'datetime.min', '0001-01-01T00:00:00'),
  text('datetime.datetime', 'datetime.max', '9999-12-31T23:59:59.999999'),
  stays('Moment(2020, 1, 1)', "new PythonScalar('datetime.datetime', '2020-01-01T00:00:00')"),
  text('datetime.date', 'date.min', '0001-01-01'),
  text('datetime.date', 'date.max', '9999-12-31'),
  text('datetime.time', 'time()', '00:00:00'),
  text('datetime.time', 'time.max', '23:59:59.999999'),
  inward(
    'Moment(2020, 1, 1, 0, 0, 0, 5, timezone.utc)',
    "PythonDate.of('2020-01-01T00:00:00.000005+00:00')",
  ),
  inward('Moment(2020, 1, 1, tzinfo=timezone.utc)', 'new Date(1577836800000)'),
  text('datetime.time', 'time(1, tzinfo=timezone.utc)', '01:00:00+00:00'),
  text(
    'datetime.time',
    'time(1, 2, 3, 4, tzinfo=timezone(timedelta(hours=-2)))',
    '01:02:03.000004-02:00',
  ),
  text('datetime.time', 'time(1, fold=1)', '01:00:00[fold=1]'),
  stays('time(1, tzinfo=timezone(timedelta(hours=1), "CET"))'),
  stays('time(1, tzinfo=Summer())'),
  text('datetime.timedelta', 'timedelta.min', 'P-999999999DT0.000000S'),
  text('datetime.timedelta', 'timedelta.max', 'P999999999DT86399.999999S'),
  text('datetime.timedelta', 'timedelta(microseconds=-1)', 'P-1DT86399.999999S'),
  stays('timezone.utc'),

  ...[
    'NaN',
    '-NaN',
    'sNaN',
    'Infinity',
    '-Infinity',
    '-0',
    '0E-10',
    '1E+1000',
    '1.10',
    '-1.5E-300',
  ].map((written) => text('decimal.Decimal', `Decimal("${written}")`, written)),
  stays('Money("1.5")', "new PythonScalar('decimal.Decimal', '1.5')"),
  text('fractions.Fraction', 'Fraction(5)', '5'),
  text('fractions.Fraction', 'Fraction(-1, 10**30)', `-1/${10n ** 30n}`),
  text('complex', 'complex(-0.0, -0.0)', '-0-0j'),
  text('complex', 'complex(0.0, -0.0)', '-0j'),
  text('complex', 'complex("nan+infj")', 'nan+infj'),
  text('complex', '0j', '0j'),
  text('uuid.UUID', 'UUID(int=2**128 - 1)', 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
  text('pathlib.PosixPath', 'Path("/tmp/a b")', '/tmp/a b'),
  text('pathlib.PosixPath', 'Path()', '.'),
  text('pathlib.PosixPath', 'Path("\\udcff")', '\udcff'),
  text('pathlib.PurePosixPath', 'PurePosixPath("//a/../b")', '//a/../b'),
  text('pathlib.PureWindowsPath', 'PureWindowsPath("//host/share/x")', '\\\\host\\share\\x'),
  inward(
    '[Decimal(1), {"a": (1j,)}]',
    "[new PythonScalar('decimal.Decimal', '1'), { a: [new PythonScalar('complex', '1j')] }]",
  ),

  inward('Level.HIGH', '2'),
  stays('Access.READ | Access.WRITE', '3'),
  stays('Access(0)', '0'),
  inward('Letter.A', "'a'"),
  stays('Shape.SQUARE', '[1, [2]]'),
  stays('Wrapped.ONE', '1'),
  stays('Colour'),
  stays(
    'Slotted(1, [Slotted(2, None)])',
    '{ a: 1, b: [{ a: 2, b: null }] }',
    'values_page:Slotted',
  ),
  stays('Frozen((1, 2))', '{ pair: [1, 2] }'),
  stays('Child(1, 2, 3)', '{ x: 1, y: 2, z: 3 }'),
  stays('Point'),
  stays('Nothing()', '{}'),
  stays('Pair(Pair(1, 2), (3,))', '{ a: { a: 1, b: 2 }, b: [3] }'),
  stays('Three((1, 2, 3))', '[1, 2, 3]'),
  stays('OrderedDict()', '{}'),
  stays('OrderedDict([(2, 1), (1, 2)])', 'new Map([[2, 1], [1, 2]])', 'collections:OrderedDict'),
  stays('defaultdict(int)', '{}', 'collections:defaultdict'),
  stays('Counter()', '{}'),
  stays('Counter([1, 1, 2])', 'new Map([[1, 2], [2, 1]])'),
  stays('deque([deque([1]), (2,)])', '[[1], [2]]', 'collections:deque'),
  stays('deque()', '[]'),
  stays('ChainMap({"a": 1}, {"b": 2})', '{ b: 2, a: 1 }'),
  stays(
    'MappingProxyType(ChainMap({"a": 1}, {"b": 2}))',
    '{ b: 2, a: 1 }',
    'builtins:mappingproxy',
  ),
  stays('MappingProxyType(UserDict(a=1))', '{ a: 1 }'),
  inward('{"a": MappingProxyType({1: MappingProxyType({})})}', '{ a: new Map([[1, {}]]) }'),
  inward('(lambda d: [d, MappingProxyType(d)])({1: 2})', 'twice(new Map([[1, 2]]))'),
  stays('UserDict(a=1)', '{ a: 1 }'),
  stays('UserList([1])', '[1]'),
  inward('Text("\\ud800")', "'\\ud800'"),
  inward('Whole(5)', '5'),
  inward('Whole(2**70)', '2n ** 70n'),
  inward('Real(1.5)', '1.5'),
  inward('Real(-0.0)', '-0'),
  inward('Bytes(b"ab")', 'new Uint8Array([97, 98])'),
  inward('Bytes(b"ab") * 50_000', 'new Uint8Array(100_000).map((_, i) => 97 + (i % 2))'),
  inward('Bytes(b"ab" * 50_000)', 'new Uint8Array(100_000).map((_, i) => 97 + (i % 2))'),
  inward('[Bytes(b"a" * 100_000)]', '[new Uint8Array(100_000).fill(97)]'),
  inward('Text("x" * 300_000)', "'x'.repeat(300_000)"),
  inward('nested(1500, lambda a, i: [a], Text("x"))', "nested(1500, (a) => [a], 'x')"),
  inward('(lambda t: [t, t])(Text("x"))', "['x', 'x']"),
  stays('Changing(b"ab")', 'new Uint8Array([97, 98])'),
  stays('Items([1, Items()])', '[1, []]'),
  stays('Table(a=Table())', '{ a: {} }'),
  stays('Members({1})', 'new Set([1])'),
  stays('FrozenMembers({1})', 'new Set([1])'),
  inward('Lying("truth")', "'truth'"),
  inward('LyingNumber(5)', '5'),
  stays('range(5, 0, -2)', '[5, 3, 1]', 'builtins:range'),
  stays('range(0)', '[]'),
  stays('{1: 2}.keys()', 'new Set([1])', 'builtins:dict_keys'),
  stays('{1: [Colour.RED]}.values()', '[[1]]', 'builtins:dict_values'),
  stays('{1: Colour.RED}.items()', '[[1, 1]]', 'builtins:dict_items'),
  stays('{}.keys()', 'new Set()'),
  stays('OrderedDict(a=1).keys()', "new Set(['a'])"),
  stays('...'),
  stays('NotImplemented'),
  stays('Fraction(10**5000, 3)'),
  stays('released(memoryview(b"abc"))', 'refused', 'builtins:memoryview'),
  stays('Refusing()', 'refused', 'values_page:Refusing'),
  inward('[Refusing(), 1]', '[remote, 1]'),
  stays('int'),
  stays('slice(1)'),
  stays('(lambda: 0).__code__'),
  stays('[].append'),
  stays('iter([1])'),
  stays('zip([1], [2])'),
  stays('open("/dev/null").close'),
  stays('StopIteration(1)'),
  inward('[len, [len]]', '[remote, [remote]]'),
  inward(
    '[Colour.RED, {"a": (Text("x"), Pair(1, 2))}]',
    "[remote, { a: ['x', remote] }]",
    "[1, { a: ['x', { a: 1, b: 2 }] }]",
  ),
  inward('[range(2), object()]', '[remote, remote]', '[[0, 1], remote]'),

  inward('(lambda a: [a, a])([1])', 'twice([1])'),
  inward(
    '(lambda a: [a, a])({1: Decimal(1)})',
    "twice(new Map([[1, new PythonScalar('decimal.Decimal', '1')]]))",
  ),
  inward(
    '(lambda a: [a, a, 1j])({2})',
    "((a) => [a, a, new PythonScalar('complex', '1j')])(new Set([2]))",
  ),
  inward('(lambda a: (a, {"a": a}))([])', '((a) => [a, { a }])([])'),
  inward('filled([1], lambda a: a.append(a))', 'filled([1], (a) => a.push(a))'),
  inward(
    'filled([1j], lambda a: a.append({"up": a}))',
    "filled([new PythonScalar('complex', '1j')], (a) => a.push({ up: a }))",
  ),
  inward('filled({"a": 1}, lambda a: a.update(me=a))', 'filled({ a: 1 }, (o) => { o.me = o })'),
  inward(
    'filled({1: 1}, lambda a: a.update({2: a}))',
    'filled(new Map([[1, 1]]), (m) => m.set(2, m))',
  ),
  inward(
    'filled({1: 1j}, lambda a: a.update({2: [a]}))',
    "filled(new Map([[1, new PythonScalar('complex', '1j')]]), (m) => m.set(2, [m]))",
  ),
  inward('filled([], lambda a: a.append((a, a)))', 'filled([], (a) => a.push([a, a]))'),
  stays('filled(deque(), lambda a: a.append(a))', 'filled([], (a) => a.push(a))'),
  stays(
    'filled(Point(1), lambda a: setattr(a, "y", [a]))',
    'filled({ x: 1 }, (o) => { o.y = [o] })',
  ),
  stays('(lambda a: deque([a, a]))(deque([1]))', 'twice([1])'),
  inward('nested(300, lambda a, i: [a])', 'nested(300, (a) => [a])'),
  inward('nested(1990, lambda a, i: [a])', 'nested(1990, (a) => [a])'),
  inward('nested(1990, lambda a, i: (a,))', 'nested(1990, (a) => [a])'),
  inward('nested(1990, lambda a, i: {1: a})', 'nested(1990, (a) => new Map([[1, a]]))'),
  inward('nested(2010, lambda a, i: (a,))', 'nested(2010, (a) => [a])'),
  inward(
    'nested(1990, lambda a, i: (a,), 1j)',
    "nested(1990, (a) => [a], new PythonScalar('complex', '1j'))",
  ),
  inward('{nested(500, lambda a, i: (a,)): 1}', 'new Map([[nested(500, (a) => [a]), 1]])'),
  inward(
    '{nested(500, lambda a, i: frozenset({a}))}',
    'new Set([nested(500, (a) => new Set([a]))])',
  ),
  inward(`nested(${DEEP}, lambda a, i: [a])`, `nested(${DEEP}, (a) => [a])`),
  inward(`nested(${DEEP}, lambda a, i: {"a": a})`, `nested(${DEEP}, (a) => ({ a }))`),
  inward(`nested(${DEEP}, lambda a, i: {1: a})`, `nested(${DEEP}, (a) => new Map([[1, a]]))`),
  inward(
    `nested(${DEEP}, lambda a, i: [i, a] if i % 3 else {"a": a} if i % 2 else {i: a})`,
    `nested(${DEEP}, (a, i) => i % 3 ? [i, a] : i % 2 ? { a } : new Map([[i, a]]))`,
  ),
  inward(
    `nested(${DEEP}, lambda a, i: [a], Decimal(1))`,
    `nested(${DEEP}, (a) => [a], new PythonScalar('decimal.Decimal', '1'))`,
  ),
  inward('nested(3000, lambda a, i: [a, a])', 'nested(3000, (a) => twice(a))'),
  stays('nested(900, lambda a, i: deque([a]))', 'nested(900, (a) => [a])'),
  inward(
    'filled([], lambda a: a.append(nested(5000, lambda b, i: [b], a)))',
    'filled([], (a) => a.push(nested(5000, (b) => [b], a)))',
  ),
]

/** Values that JavaScript or Python refuses. */
export const refused: Refused[] = [
  { js: 'Symbol("s")', path: '' },
  { js: '[1, { "a b": [Symbol.iterator] }]', path: '[1]["a b"][0]' },
  { js: 'new Money()', path: '' },
  { js: '{ a: { b: [0, new Money()] } }', path: '.a.b[1]' },
  { js: 'new WeakMap()', path: '' },
  { js: 'new WeakSet()', path: '' },
  { js: 'new WeakRef({})', path: '' },
  { js: 'Promise.resolve(1)', path: '' },
  { js: '[{ then() {} , __proto__: { a: 1 } }]', path: '[0]' },
  { js: '/x/', path: '' },
  { js: 'new Map([["k", /x/]])', path: '.k' },
  { js: 'new Map([[1, 2], [2, /x/]])', path: '[1]' },
  { js: 'new Error("x")', path: '' },
  { js: 'new Number(5)', path: '' },
  { js: 'new Boolean(false)', path: '' },
  { js: 'new URL("http://localhost")', path: '' },
  { js: 'new AbortController().signal', path: '' },
  { js: 'Object.create({ inherited: 1 })', path: '' },
  { js: 'globalThis.Intl.DateTimeFormat()', path: '' },
  { js: 'new Date(NaN)', path: '' },
  { js: '[new Date(8.64e15)]', path: '[0]' },
  { js: 'new Date(-62135596800001)', path: '' },
  { js: 'new Date(253402300800000)', path: '' },
  { js: 'new Set([1, true])', path: '' },
  { js: 'new Set([0, 0n])', path: '' },
  { js: 'new Set([py.float(1), 1])', path: '' },
  { js: '{ a: new Map([[null, 1], [undefined, 2]]) }', path: '.a' },
  { js: 'new Map([[[1], 1], [[1n], 2]])', path: '' },
  { js: 'new Set([new Set([1, 2]), new Set([2, 1])])', path: '' },
  { js: 'new Set([new Uint8Array([1]), Buffer.from([1])])', path: '' },
  { js: 'new Set([2 ** 60, 2n ** 60n])', path: '' },
  { js: 'new Set([{}])', path: '[0]' },
  { js: 'new Set([py.bytes(new Uint8Array([1])), py.bytes(new Uint8Array([1]))])', path: '' },
  { js: 'new Set([py.bytes(new Uint8Array([1])), new Uint8Array([1])])', path: '' },
  { js: "new Set([new Date(0), elsewhere('new Date(0)')])", path: '' },
  { js: "new Set([new Set([1]), elsewhere('new Set([1])')])", path: '' },
  { js: 'new Map([[[add], 1], [[add], 2]])', path: undefined },
  { js: "new Set([py.import('math').sqrt, py.import('math').sqrt])", path: undefined },
  {
    js: "new Set([new PythonScalar('uuid.UUID', 'abcdef00-0000-0000-0000-000000000001'), new PythonScalar('uuid.UUID', 'ABCDEF00-0000-0000-0000-000000000001')])",
    path: undefined,
  },
  { js: "new Set([0.5, new PythonScalar('fractions.Fraction', '1/2')])", path: undefined },
  {
    js: "new Set([new Date(0), new PythonScalar('datetime.datetime', '1970-01-01T00:00:00+00:00')])",
    path: undefined,
  },
  { js: 'new String("text")', path: '' },
  { js: "elsewhere('new String(1)')", path: '' },
  { js: "elsewhere('new Number(5)')", path: '' },
  { js: "elsewhere('new Error(1)')", path: '' },
  { js: "elsewhere('/x/')", path: '' },
  { js: "elsewhere('Promise.resolve(1)')", path: '' },
  { js: "elsewhere('new (class A {})()')", path: '' },
  { js: "elsewhere('new Date(NaN)')", path: '' },
  { js: 'new Proxy(new Date(0), {})', path: '' },
  { js: 'Object.create(Date.prototype)', path: '' },
  {
    js: 'new Proxy([1, 2], { get: ((n) => (t, k) => (k === "length" ? n++ : t[k]))(1) })',
    path: '',
  },
  {
    js: '[[1], new Proxy([1], { get: ((n) => (t, k) => (k === "length" ? n-- : t[k]))(1) })]',
    path: '[1]',
  },
  ...['NaN', '-1', '1.5', '2 ** 31', '"1"', 'undefined'].map((length) => ({
    js: `new Proxy([], { get: (t, k) => (k === "length" ? ${length} : t[k]) })`,
    path: '',
  })),
  { js: 'filled([], (a) => a.push({ get x() { return a.push(1) } }))', path: '' },
  { js: 'filled([], (a) => a.push({ get x() { return a.pop() } }, 1))', path: '' },
  { js: 'filled(new Map(), (m) => m.set(1, { get x() { return m.set(2, 2).size } }))', path: '' },
  { js: 'filled(new Map(), (m) => m.set(1, { get x() { return m.delete(1) } }))', path: '' },
  {
    js: 'filled(new Map(), (m) => m.set(0, { get x() { m.set(m.size, { get x() { return this } }); return 1 } }))',
    path: '',
  },
  {
    js: 'filled(new Set(), (s) => s.add([new Proxy([1], { get: (t, k) => { s.add(k); return t[k] } })]))',
    path: '',
  },
  {
    js: 'filled(new Set([1]), (s) => s.add(new Proxy([1], { get: (t, k) => { s.delete(1); return t[k] } })))',
    path: '',
  },
  { js: '{ get a() { delete this.b; return 1 }, b: 2 }', path: '.b' },
  {
    js: '((s) => new Proxy(s, { get: (_, k) => (k === "size" ? 3 : s[k].bind(s)) }))(new Set([1]))',
    path: '',
  },
  {
    js: 'filled(new Uint8Array(new ArrayBuffer(8, { maxByteLength: 8 }), 4, 4), (a) => a.buffer.resize(4))',
    path: '',
  },
  {
    js: 'filled(new Float64Array(2), (a) => structuredClone(a.buffer, { transfer: [a.buffer] }))',
    path: '',
  },
  {
    js: '((a) => [{ get x() { structuredClone(a.buffer, { transfer: [a.buffer] }); return 1 } }, a])(new Uint8Array(8))',
    path: '[1]',
  },
  { js: 'new Map([[new Map(), 1]])', path: '[0]' },
  { js: 'new Set([[1, [{}]]])', path: '[0][1][0]' },
  { js: 'new Set([new Date(NaN)])', path: '[0]' },
  { js: 'new Set([new Uint8Array([1]), new Uint8ClampedArray([1])])', path: '' },
  { js: 'new Set([new Date(0), new Date(0)])', path: '' },
  { js: 'new Map([[new Date(0), 1], [new Date(0), 2]])', path: '' },
  { js: "new Set([1, new PythonScalar('decimal.Decimal', '1')])", path: undefined },
  { js: "new Map([[1, 'a'], [new PythonScalar('decimal.Decimal', '1'), 'b']])", path: undefined },
  {
    js: "new Set([new PythonScalar('decimal.Decimal', '1.0'), new PythonScalar('decimal.Decimal', '1')])",
    path: undefined,
  },
  {
    js: "new Set([new PythonScalar('complex', '1j'), new PythonScalar('complex', '1j')])",
    path: '',
  },
  { js: 'new Set([new Float64Array([1])])', path: '[0]' },
  { js: "new Set([new PythonScalar('decimal.Decimal', 'sNaN')])", path: undefined },
  { js: 'new Set([new SharedArrayBuffer(1), new DataView(new ArrayBuffer(1))])', path: '' },
  { js: 'new Map([[[new Date(0)], 1], [[new Date(0)], 2]])', path: '' },
  { js: "new PythonScalar('decimal.Decimal', 'one')", path: undefined },
  { js: "new PythonScalar('decimal.Decimal', '')", path: undefined },
  { js: "[{ a: new PythonScalar('fractions.Fraction', '1/0') }]", path: undefined },
  { js: "new PythonScalar('complex', '1+')", path: undefined },
  { js: "new PythonScalar('datetime.datetime', '2020-02-30T00:00:00')", path: undefined },
  { js: "new PythonScalar('datetime.date', '0000-01-01')", path: undefined },
  { js: "new PythonScalar('datetime.time', '24:00:01')", path: undefined },
  { js: "new PythonScalar('datetime.timedelta', '1 day')", path: undefined },
  { js: "new PythonScalar('datetime.timedelta', 'P1000000000DT0S')", path: undefined },
  { js: "new PythonScalar('uuid.UUID', '123')", path: undefined },
  { js: "new PythonScalar('pathlib.WindowsPath', 'c:/a')", path: undefined },
]

/** Values of which reading throws {@link mine}. */
export const throwing: string[] = [
  '{ get a() { throw mine } }',
  '[1, { a: { get b() { throw mine } } }]',
  'new Map([[1, { get a() { throw mine } }]])',
  'new Proxy({}, { ownKeys() { throw mine } })',
  'new Proxy({}, { getPrototypeOf() { throw mine } })',
  'new Proxy({ a: 1 }, { get() { throw mine } })',
  'new Proxy([1], { get() { throw mine } })',
]

/** Python values that JavaScript cannot hold. */
export const unreadable: string[] = [
  '{float("nan"), float("nan")}',
  '{float("nan"): 1, float("nan"): 2}',
  '[{float("nan"), float("nan"), Decimal(1)}]',
]

export const outward: Outward[] = [
  ...rows('JavaScript', 'repr in Python', 'type in Python', 'back in JavaScript').map(
    ([js = '', repr = '', type = '', back = '']) => ({ js, repr, type, back }),
  ),
  ...moreOutward,
]

export const inwards: Inward[] = [
  ...rows('Python', 'JavaScript', 'toJS()').map(([python = '', js = '', toJS = '']) => {
    const [, newer = python, minor = 0] = /^`(.*)` \(Python 3\.(\d+)\)$/.exec(python) ?? []
    return { python: newer, js, toJS, since: Number(minor) }
  }),
  ...moreInward,
]

/** How many cases there are. */
export const caseCount: number =
  outward.length + inwards.length + refused.length + throwing.length + unreadable.length

/** The module in which the Python expressions are evaluated: the names of the page, and more. */
export const SOURCE: string = `${/```python\n([\s\S]*?)```/.exec(PAGE)?.[1]}
${readFileSync(new URL('test/python/conversions.py', ROOT), 'utf8')}`

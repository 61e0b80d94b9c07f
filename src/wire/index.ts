export { decode } from './decode.ts'
export { Encoder } from './encode.ts'
export { ESCAPE, type Escape, type Loan, type References, type Reviver, TRAIT } from './escapes.ts'
export * from './frames.ts'
export { pathOf, refusedValue } from './refusals.ts'
export { refuseJson } from './values/json.ts'
export {
  type DType,
  NdArray,
  type NdArrayData,
  type NdArraySource,
  type NdItem,
  type Nested,
} from './values/ndarray.ts'
export { type NaiveDates, PythonDate, type ZoneOptions } from './values/python-date.ts'
export {
  PythonBytes,
  PythonFloat,
  PythonScalar,
  SCALAR_TYPES,
  type ScalarType,
  toBytes,
  toFloat,
} from './values/scalar.ts'
export { PythonTable, type TableKind } from './values/table.ts'

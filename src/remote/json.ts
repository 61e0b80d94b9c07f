import { PythreadsError } from '../errors/index.ts'

/**
 * Makes the function that `JSON.stringify` finds under `toJSON` of something in Python, and calls with the key under which it found the
 * thing. It throws: without it the JSON would be `{}`, and nobody would notice. `text`: what `console.log` shows of the thing.
 *
 * Python may have an attribute of that name. To await the function reads it (`read`), and so does `$get('toJSON')`. To call it is always
 * refused, as some serializers call it without a key.
 */
export function refuseJson(text: string, read?: () => Promise<unknown>): object {
  const toJSON = (key?: unknown): never => {
    const name = typeof key === 'string' && key !== '' ? key : undefined
    const place = name === undefined ? '' : ` under ${JSON.stringify(name)}`
    const reason = `${text}${place} cannot be written as JSON: it stays in Python`
    const ways = 'Make the call with the option `copy: true`, or copy it by `toJS()` first'
    throw new PythreadsError('ERR_PYTHREADS_JSON', `${reason}. ${ways}`, name === undefined ? {} : { path: name })
  }
  if (read === undefined) return toJSON
  const then: Promise<unknown>['then'] = (resolve, reject) => read().then(resolve, reject)
  return Object.assign(toJSON, { then })
}

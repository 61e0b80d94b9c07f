import { refuseJson } from '../wire/index.ts'

const STAYS =
  ': it stays in Python. Make the call with the option `copy: true`, or copy it by `toJS()` first'

/**
 * Makes the function that `JSON.stringify` finds under `toJSON` of something in Python, and calls
 * with the key under which it found the thing. It throws: without it the JSON would be `{}`, and
 * nobody would notice. `text`: what `console.log` shows of the thing.
 *
 * Python may have an attribute of that name. To await the function reads it (`read`), and so does
 * `$get('toJSON')`. To call it is always refused, as some serializers call it without a key.
 */
export function refusedToJson(text: string, read?: () => Promise<unknown>): object {
  const toJSON = (key?: unknown): never => refuseJson(text, key, STAYS)
  if (read === undefined) return toJSON
  const then: Promise<unknown>['then'] = (resolve, reject) => read().then(resolve, reject)
  return Object.assign(toJSON, { then })
}

import { refuseJson } from '../wire/index.ts'

const STAYS =
  ': it stays in Python. Make the call with the option `copy: true`, or copy it by `toJS()` first'

/**
 * Makes the `toJSON` of a proxy for something in Python. `JSON.stringify` calls it with the key of
 * the proxy, and it throws: without it, the JSON would silently be `{}`. `text`: what `console.log`
 * shows for the proxy.
 *
 * A Python attribute of that name is read by `await proxy.toJSON` (`read`), or by
 * `$get('toJSON')`. It cannot be called by `proxy.toJSON()`: some serializers call `toJSON` without
 * a key, so the two cases look the same.
 */
export function refusedToJson(text: string, read?: () => Promise<unknown>): object {
  const toJSON = (key?: unknown): never => refuseJson(text, key, STAYS)
  if (read === undefined) return toJSON
  const then: Promise<unknown>['then'] = (resolve, reject) => read().then(resolve, reject)
  return Object.assign(toJSON, { then })
}

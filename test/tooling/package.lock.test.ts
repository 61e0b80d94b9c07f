// Why: `npm install` in a fresh clone has to leave the lock file as it is, whichever npm runs it on
// whichever platform. To mend it: remove every `libc` from package-lock.json, and run `npm install`
// without `node_modules`.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

interface Entry {
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly hasInstallScript?: boolean
  readonly libc?: readonly string[]
}

const read = (path: string) =>
  JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'))
const packages: Readonly<Record<string, Entry>> = read('package-lock.json').packages

/** Whether Node would find a package from the folder of another one. */
function isFound(name: string, from: string): boolean {
  if (`${from === '' ? '' : `${from}/`}node_modules/${name}` in packages) return true
  return (
    from !== '' && isFound(name, from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/'))))
  )
}

it('the lock file has the optional packages of all platforms', () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !isFound(name, path)),
  )
  expect(missing).toEqual([])
})

it('the lock file has no `libc`, which npm 10 would remove', () => {
  expect(Object.keys(packages).filter((path) => packages[path]?.libc !== undefined)).toEqual([])
})

it('package.json refuses every install script, so that npm does not warn of any', () => {
  const names = Object.keys(packages).filter((path) => packages[path]?.hasInstallScript)
  const withScripts = new Set(names.map((path) => path.replace(/^.*node_modules\//, '')))
  const { allowScripts } = read('package.json')
  expect([...withScripts].filter((name) => allowScripts[name] !== false)).toEqual([])
})

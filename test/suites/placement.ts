import { Python, type PythonOptions } from '../../src/index.ts'
import { placements } from '../support/pythons.ts'

export type Placement = (typeof placements)[number]

/** The placement whose name is this. */
export function placement(name: 'thread' | 'subinterpreter' | 'process' | 'thread without a GIL'): Placement {
  const found = placements.find((place) => place.name.startsWith(`${name} (`))
  if (found === undefined) throw new Error(`There is no placement ${name}`)
  return found
}

/** The same placement in a Python that has the packages of test/python/requirements.txt. */
export function withPackages(place: Placement): Placement {
  if (place.packages === null) throw new Error(`There are no packages for the Python of ${place.name}`)
  return { ...place, python: place.packages }
}

/** Starts a pool in a placement. */
export function start({ isolation, python }: Placement, options: PythonOptions = {}): Promise<Python> {
  return Python.start({ isolation, python, workers: 2, ...options })
}

/** The path of a module of `test/python`. */
export function file(name: string): URL {
  return new URL(`../python/${name}`, import.meta.url)
}

import { describe, inject } from 'vitest'
import { Python, type PythonOptions } from '../../src/index.ts'
import { notHere } from './not-here.ts'
import { placements } from './pythons.ts'
import type { Role } from './roles.ts'
import { partOfEach } from './scale.ts'

export type Placement = (typeof placements)[number]

/**
 * The placement whose name is this. A machine that cannot do it leaves out the test or the file.
 */
export function placement(name: Role['name']): Placement {
  const found = placements.find((place) => place.name.startsWith(`${name} (`))
  return found ?? notHere(`Python for ${name}`)
}

/**
 * The same placement in a Python that has the packages of test/python/requirements.txt; without
 * them the file is left out.
 */
export function withPackages(place: Placement): Placement {
  return { ...place, python: place.packages ?? notHere(`numpy and pandas for ${place.name}`) }
}

/**
 * Leaves a part of what follows in its `describe` to the full suite. With three placements each
 * runs a third of the tests, another one each; with fewer, each test runs in one of them, too. A
 * fourth one runs a third once more.
 */
export function partIn({ turn }: Placement): void {
  partOfEach(turn, Math.min(placements.length, 3))
}

/**
 * The tests of a subject in the placement of this project (projects.ts). `npm test` runs a part of
 * them in each placement; who names a project gets all.
 */
export function inPlacement(suite: (place: Placement) => void): void {
  inPlacementWhole((place) => {
    partIn(place)
    suite(place)
  })
}

/** The same without parts: `npm test` runs every test in every placement. */
export function inPlacementWhole(suite: (place: Placement) => void): void {
  const place = placement(inject('role'))
  describe(place.name, () => suite(place))
}

/** Starts a pool in a placement. */
export function start(
  { isolation, python }: Placement,
  options: PythonOptions = {},
): Promise<Python> {
  return Python.start({ isolation, python, workers: 2, ...options })
}

/** The path of a module of `test/python`. */
export function file(name: string): URL {
  return new URL(`../python/${name}`, import.meta.url)
}

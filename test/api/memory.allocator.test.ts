/**
 * The allocator of the kernel returns the same as a naive model (test/support/allocator-model.ts), so the
 * same as ours.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { END, Model, run, START, steps } from '../support/allocator-model.ts'
import { pythons } from '../support/pythons.ts'

const KERNEL = fileURLToPath(new URL('../../kernel', import.meta.url))

/** The same in Python. */
const PROGRAM = `
import json, sys
from pythreads_kernel.allocator import Allocator

def run(sequence):
    extents, held, answers = Allocator(${START}, ${END}), [], []
    for step in sequence:
        if step > 0:
            start = extents.take(step)
            answers.append(start)
            if start is not None:
                held.append((start, step))
        elif held:
            extents.give_back(*held.pop(-step % len(held)))
    for start, size in held:
        extents.give_back(start, size)
    return [*answers, extents.take(${END - START})]

json.dump([run(sequence) for sequence in json.load(sys.stdin)], sys.stdout)
`

describe('extents', () => {
  it('return in Python what the model returns', () => {
    const sequences = fc.sample(steps, 300)
    const [python] = pythons
    const output = execFileSync(python?.executable ?? '', ['-c', PROGRAM], {
      input: JSON.stringify(sequences),
      env: { ...process.env, PYTHONPATH: KERNEL, PYTHONDONTWRITEBYTECODE: '1' },
    })
    expect(JSON.parse(output.toString())).toEqual(
      sequences.map((sequence) => run(new Model(), sequence)),
    )
  })
})

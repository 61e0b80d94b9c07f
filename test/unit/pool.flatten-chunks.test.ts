import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FlattenedChunks } from '../../src/pool/flatten-chunks.ts'

/** What a consumer may do, each without waiting for what it did before. */
const ACTIONS = ['next', 'next', 'next', 'next', 'pause', 'return', 'throw'] as const
type Action = (typeof ACTIONS)[number]

interface Source {
  readonly arrays: readonly (readonly number[])[]
  readonly fails: boolean
  readonly waits: boolean
}

async function* arraysOf(
  { arrays, fails, waits }: Source,
  log: string[],
): AsyncGenerator<readonly number[], void, undefined> {
  try {
    for (const array of arrays) {
      if (waits) await new Promise(setImmediate)
      log.push(`gives ${array.length}`)
      yield array
    }
    if (fails) throw new Error('of the source')
  } finally {
    log.push('ends')
  }
}

/** What it has to be like. */
async function* plainly(
  arrays: AsyncGenerator<readonly number[], void, undefined>,
): AsyncGenerator<number, void, undefined> {
  for await (const array of arrays) for (const member of array) yield member
}

/** Everything that a consumer sees, in the order in which it asked. */
async function seen(
  generator: AsyncGenerator<number, void, undefined>,
  actions: readonly Action[],
): Promise<unknown[]> {
  const answers: Promise<unknown>[] = []
  for (const action of actions) {
    if (action === 'pause') await Promise.allSettled(answers)
    else if (action === 'return') answers.push(generator.return())
    else
      answers.push(
        action === 'next' ? generator.next() : generator.throw(new Error('of the consumer')),
      )
    answers.at(-1)?.catch(() => {})
  }
  const outcomes = await Promise.allSettled(answers)
  return outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? outcome.value : String(outcome.reason),
  )
}

describe('the members of arrays', () => {
  it('come as an async generator gives them, whatever its consumer does', async () => {
    const sources = fc.record({
      arrays: fc.array(fc.array(fc.integer(), { maxLength: 4 }), { maxLength: 5 }),
      fails: fc.boolean(),
      waits: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(
        sources,
        fc.array(fc.constantFrom(...ACTIONS), { maxLength: 20 }),
        async (source, actions) => {
          const ours: string[] = []
          const theirs: string[] = []
          const found = await seen(new FlattenedChunks(arraysOf(source, ours)), actions)
          expect(found).toEqual(await seen(plainly(arraysOf(source, theirs)), actions))
          expect(ours.filter((line) => line === 'ends')).toEqual(
            theirs.filter((line) => line === 'ends'),
          )
        },
      ),
      { numRuns: 500 },
    )
  })

  it('are taken from one array after the other, each when the one before is used up', async () => {
    const log: string[] = []
    const members = new FlattenedChunks(
      arraysOf({ arrays: [[1, 2], [], [3]], fails: false, waits: false }, log),
    )
    expect(log).toEqual([])
    expect([await members.next(), await members.next()]).toEqual([
      { done: false, value: 1 },
      { done: false, value: 2 },
    ])
    expect(log).toEqual(['gives 2'])
    expect(await members.next()).toEqual({ done: false, value: 3 })
    expect(log).toEqual(['gives 2', 'gives 0', 'gives 1'])
  })

  it('end with their block', async () => {
    const log: string[] = []
    {
      await using members = new FlattenedChunks(
        arraysOf({ arrays: [[1, 2]], fails: false, waits: false }, log),
      )
      await members.next()
    }
    expect(log.at(-1)).toBe('ends')
  })
})

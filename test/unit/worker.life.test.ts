/**
 * The life of a worker: which steps there are, that no other step changes anything, and what a
 * worker that ends still says of what it was.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type LifeState, WorkerLife } from '../../src/worker/life.ts'

type Step = 'launched' | 'ready' | 'serve' | 'retire' | 'stay' | 'wedge' | 'close' | 'end' | 'gone'
const STEPS: readonly Step[] = [
  'launched',
  'ready',
  'serve',
  'retire',
  'stay',
  'wedge',
  'close',
  'end',
  'gone',
]

/** The shortest way to each state. */
const WAYS: Readonly<Record<LifeState, readonly Step[]>> = {
  launching: [],
  starting: ['launched'],
  settingUp: ['launched', 'ready'],
  serving: ['launched', 'ready', 'serve'],
  retiring: ['launched', 'ready', 'serve', 'retire'],
  wedged: ['launched', 'ready', 'serve', 'wedge'],
  closing: ['launched', 'ready', 'serve', 'close'],
  ending: ['launched', 'ready', 'serve', 'end'],
  gone: ['launched', 'ready', 'serve', 'gone'],
}

/** What each step leads to, from where it may be taken. */
const TABLE: Readonly<Record<LifeState, Partial<Record<Step, LifeState>>>> = {
  // a worker that need not be launched is ready at once
  launching: {
    launched: 'starting',
    ready: 'settingUp',
    stay: 'launching',
    close: 'closing',
    end: 'ending',
  },
  starting: { ready: 'settingUp', stay: 'starting', close: 'closing', end: 'ending' },
  settingUp: {
    serve: 'serving',
    stay: 'settingUp',
    wedge: 'wedged',
    close: 'closing',
    end: 'ending',
  },
  serving: {
    retire: 'retiring',
    stay: 'serving',
    wedge: 'wedged',
    close: 'closing',
    end: 'ending',
  },
  retiring: {
    serve: 'serving',
    retire: 'retiring',
    stay: 'serving',
    wedge: 'wedged',
    close: 'closing',
    end: 'ending',
  },
  wedged: { stay: 'wedged', close: 'closing', end: 'ending' },
  // what it was before its end still changes
  closing: {
    retire: 'closing',
    stay: 'closing',
    wedge: 'closing',
    close: 'closing',
    end: 'closing',
  },
  ending: { retire: 'ending', stay: 'ending', wedge: 'ending', close: 'closing', end: 'ending' },
  gone: { stay: 'gone', end: 'gone' },
}

function lived(...steps: readonly Step[]): WorkerLife {
  const life = new WorkerLife()
  for (const step of steps) life[step]()
  return life
}

function snapshot(life: WorkerLife): unknown {
  const { state, isOpen, isStarting, isServing, hasServed, servedLast } = life
  const { isRetiring, isWedged, isEnding, isGone } = life
  const is = { isRetiring, isWedged, isEnding, isGone }
  return { state, isOpen, isStarting, isServing, hasServed, servedLast, ...is }
}

describe('the life of a worker', () => {
  const pairs = (Object.keys(WAYS) as LifeState[]).flatMap((state) =>
    STEPS.map((step) => [state, step] as const),
  )
  it.each(pairs)(
    'a worker that is %s takes the step "%s" only as the table says',
    (state, step) => {
      const life = lived(...WAYS[state])
      const before = snapshot(life)
      const next = step === 'gone' && state !== 'gone' ? 'gone' : TABLE[state][step]
      if (next === undefined) {
        expect(() => life[step]()).toThrow()
        expect(snapshot(life)).toEqual(before)
      } else {
        life[step]()
        expect(life.state).toBe(next)
      }
    },
  )

  it('counts a worker that was made to end until it is gone, and not one that closes', () => {
    expect(lived(...WAYS.serving, 'end').isServing).toBe(true)
    expect(lived(...WAYS.serving, 'end', 'gone')).toMatchObject({
      isServing: false,
      servedLast: true,
    })
    expect(lived(...WAYS.serving, 'close').isServing).toBe(false)
    expect(lived(...WAYS.serving, 'close', 'gone').servedLast).toBe(false)
    expect(lived(...WAYS.serving, 'end', 'close', 'gone').servedLast).toBe(false)
    expect(lived(...WAYS.settingUp, 'end', 'gone')).toMatchObject({
      hasServed: false,
      servedLast: false,
    })
  })

  it('says that a worker which ends during its set-up has served, and takes no frames', () => {
    const life = lived(...WAYS.settingUp, 'end', 'serve')
    expect(life).toMatchObject({ isServing: true, isOpen: false, state: 'ending' })
  })

  it('keeps a closing worker closing when it is wedged', () => {
    const life = lived(...WAYS.closing, 'wedge')
    expect(life).toMatchObject({ isWedged: true, isEnding: true, state: 'closing' })
    life.gone()
    expect(life).toMatchObject({ isWedged: true, servedLast: false })
  })

  it('keeps a retiring worker retiring to its end, unless it stays', () => {
    expect(lived(...WAYS.retiring, 'close', 'gone').isRetiring).toBe(true)
    expect(lived(...WAYS.retiring, 'stay', 'end', 'gone').isRetiring).toBe(false)
  })

  it('keeps the reason why a worker is due while it serves on', () => {
    const life = lived(...WAYS.serving)
    life.retireAsDue('it has had 5 calls')
    life.stay()
    expect(life).toMatchObject({ state: 'serving', due: 'it has had 5 calls' })
  })

  it('is in one state after any steps in any order', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...STEPS), { maxLength: 20 }), (steps) => {
        const life = new WorkerLife()
        for (const step of steps) {
          const before = snapshot(life)
          try {
            life[step]()
          } catch {
            expect(snapshot(life)).toEqual(before)
          }
          expect([life.isServing, life.isWedged]).not.toEqual([true, true])
          expect([life.isOpen, life.isEnding || life.isGone || life.isStarting]).not.toEqual([
            true,
            true,
          ])
          if (life.isRetiring) expect(life.hasServed).toBe(true)
        }
      }),
    )
  })
})

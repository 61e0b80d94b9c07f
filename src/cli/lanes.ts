import { type Python, PythreadsError, type Session } from '../index.ts'

/**
 * Workers that each serve one call at a time, so that a call begins when it is made: its time limit
 * counts its own time, not that of the calls before it or of a worker that starts.
 */
export class Lanes {
  readonly #py: Python
  readonly #idle: Session[] = []

  constructor(py: Python) {
    this.#py = py
  }

  async use<T>(call: (session: Session) => Promise<T>): Promise<T> {
    const session = this.#idle.pop() ?? (await this.#py.session())
    try {
      const result = await call(session)
      this.#idle.push(session)
      return result
    } catch (error) {
      // Its worker may be busy with what was given up, or gone. It comes back when it is free.
      if (error instanceof PythreadsError) session.close().catch(() => {})
      throw error
    }
  }
}

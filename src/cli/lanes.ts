import { type Python, PythreadsError, type Session } from '../index.ts'

/**
 * Leases workers for one call at a time, so that each call begins at once: its time limit does not
 * include the time of other calls, or of a worker that starts.
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
      // The worker may still run the cancelled call, or be dead: the pool gets it back.
      if (error instanceof PythreadsError) session.close().catch(() => {})
      throw error
    }
  }
}

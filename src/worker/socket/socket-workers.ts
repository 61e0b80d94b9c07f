import { encodeSettings, type Isolation, type WorkerSettings } from '../../isolation/index.ts'
import type { Access } from '../../memory/index.ts'
import type { LinkHost, WorkerLink } from '../link.ts'
import type { Capabilities, LinkTools, WorkerSource } from '../source.ts'
import { SocketLink } from './socket-link.ts'

/** Workers of this machine, on threads of this process or in processes of their own. */
export class SocketWorkers implements WorkerSource {
  readonly name: string
  readonly isShared: boolean
  readonly isKillable: boolean
  readonly loanBytes: number
  readonly maxMemoryMb: number | null
  readonly capabilities: Capabilities = {
    callbacks: true,
    objects: true,
    sessions: true,
    output: true,
    takingBack: true,
  }
  readonly #isolation: Isolation
  readonly #settings: WorkerSettings

  constructor(isolation: Isolation, settings: WorkerSettings) {
    this.name = `isolation '${isolation.kind}'`
    this.isShared = isolation.isShared
    this.isKillable = isolation.isKillable
    this.loanBytes = settings.memory
    this.maxMemoryMb = isolation.isKillable ? settings.limits.memoryMb : null
    this.#isolation = isolation
    this.#settings = settings
  }

  link(host: LinkHost, tools: LinkTools): WorkerLink {
    const settings = encodeSettings(this.#settings, host.index)
    return new SocketLink(host, this.#isolation, settings, tools)
  }

  accept(facts: Readonly<Record<string, unknown>>): Access | undefined {
    this.#isolation.verify?.(facts)
    if (facts['borrows'] !== true) return undefined
    return this.#isolation.inProcess ? 'address' : 'file'
  }
}

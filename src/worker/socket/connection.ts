import type { Launched } from '../../isolation/index.ts'
import type { FrameSink } from '../../wire/index.ts'
import { drained } from './drain.ts'
import { FrameReader } from './frame-reader.ts'

/** Gets the frames of a worker. */
export interface FrameHandler {
  readonly mainFrame: FrameSink
  readonly sideFrame: FrameSink
  /** Gets the error of malformed bytes. */
  misread(error: unknown): void
  /** A socket was paused (1), or is read again (-1). */
  paused(step: number): void
}

/** The two sockets of one worker: the main socket of its thread, and the side socket of others. */
export class Connection {
  #launched: Launched | undefined
  #handler: FrameHandler | undefined
  #main: FrameReader | undefined
  #side: FrameReader | undefined

  open(launched: Launched, handler: FrameHandler): void {
    this.#launched = launched
    this.#handler = handler
    this.#main = this.#reader(launched.socket, handler.mainFrame)
  }

  /** The started worker; `undefined` before it is started. */
  get opened(): Launched | undefined {
    return this.#launched
  }

  get launched(): Launched {
    if (this.#launched === undefined) throw new Error('a worker was used before it was launched')
    return this.#launched
  }

  write(bytes: Buffer, written?: () => void): void {
    this.launched.socket.write(bytes, written)
  }

  writeSide(bytes: Buffer): void {
    this.launched.side.write(bytes)
  }

  /** Begins to read the side socket: something can come on it from now on. */
  openSide(): void {
    this.#side ??= this.#reader(this.launched.side, this.#handler?.sideFrame)
  }

  /** Counts a frame that runs code of the program. */
  spend(isMain: boolean): void {
    const reader = isMain ? this.#main : this.#side
    reader?.spend()
  }

  /** A reply was written to the side socket: pauses its reader if too many wait. */
  wroteSide(): void {
    this.#side?.wrote()
  }

  keepAlive(works: boolean): void {
    const { socket } = this.launched
    if (works) socket.ref()
    else socket.unref()
  }

  keepAliveForCoroutines(works: boolean): void {
    const { side } = this.launched
    if (works) side.ref()
    else side.unref()
  }

  /** The worker has ended: reads the rest of its frames, then closes the sockets. */
  async finish(): Promise<void> {
    this.openSide()
    this.#main?.finish()
    this.#side?.finish()
    const { socket, side, pipes } = this.launched
    await drained([socket, side, ...(pipes === undefined ? [] : [pipes.stdout, pipes.stderr])])
    socket.destroy()
    side.destroy()
  }

  destroy(): void {
    this.#launched?.socket.destroy()
    this.#launched?.side.destroy()
  }

  #reader(socket: Launched['socket'], sink: FrameSink | undefined): FrameReader {
    const handler = this.#handler
    if (sink === undefined || handler === undefined) throw new Error('nobody takes the frames')
    const failed = (error: unknown) => handler.misread(error)
    return new FrameReader(socket, sink, failed, (step) => handler.paused(step))
  }
}

import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { zip } from './zip.ts'

/** A wheel that is made up for a test. */
export interface MadePackage {
  readonly name: string
  readonly version: string
  readonly requires?: readonly string[]
  readonly requiresPython?: string
  /** Its tags; default: any Python on any system. */
  readonly tag?: string
}

export function wheelName({ name, version, tag = 'py3-none-any' }: MadePackage): string {
  return `${name}-${version}-${tag}.whl`
}

/**
 * The wheel of a package with one module, which has `VERSION`, and a program that prints it.
 */
export function wheel(made: MadePackage): Buffer {
  const { name, version, requires = [], requiresPython, tag = 'py3-none-any' } = made
  const info = `${name}-${version}.dist-info`
  const metadata = [
    'Metadata-Version: 2.1',
    `Name: ${name}`,
    `Version: ${version}`,
    ...(requiresPython === undefined ? [] : [`Requires-Python: ${requiresPython}`]),
    ...requires.map((one) => `Requires-Dist: ${one}`),
  ]
  const files: Record<string, string> = {
    [`${name}.py`]: `VERSION = "${version}"\n\n\ndef main():\n    print(VERSION)\n`,
    [`${info}/METADATA`]: `${metadata.join('\n')}\n`,
    [`${info}/WHEEL`]: `Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: ${tag}\n`,
    [`${info}/entry_points.txt`]: `[console_scripts]\n${name} = ${name}:main\n`,
  }
  const record = [...Object.keys(files), `${info}/RECORD`].map((path) => `${path},,\n`).join('')
  return zip({ ...files, [`${info}/RECORD`]: record })
}

/** A package index on loopback. */
export class PackageIndex implements AsyncDisposable {
  /** The paths that were asked for. */
  readonly requests: string[] = []
  readonly #server: ReturnType<typeof createServer>
  readonly #sockets = new Set<Socket>()

  private constructor(packages: readonly MadePackage[]) {
    const files = new Map(packages.map((one) => [wheelName(one), { ...one, bytes: wheel(one) }]))
    this.#server = createServer(({ url = '' }, response) => {
      this.requests.push(url)
      const [, kind, name = ''] = url.split('/')
      const file = kind === 'files' ? files.get(name) : undefined
      if (file !== undefined) return void response.end(file.bytes)
      const links = [...files]
        .filter(([, one]) => kind === 'simple' && one.name === name)
        .map(([path, { bytes }]) => {
          const hash = createHash('sha256').update(bytes).digest('hex')
          return `<a href="/files/${path}#sha256=${hash}">${path}</a>`
        })
      if (links.length === 0) return void response.writeHead(404).end()
      response.setHeader('content-type', 'text/html')
      response.end(`<!DOCTYPE html><html><body>${links.join('\n')}</body></html>`)
    })
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  static async start(packages: readonly MadePackage[]): Promise<PackageIndex> {
    const index = new PackageIndex(packages)
    await new Promise<void>((resolve) => index.#server.listen(0, '127.0.0.1', resolve))
    return index
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/simple`
  }

  /** The variables by which uv and pip use this index and no other. */
  get env(): Record<string, string> {
    const off = { PIP_NO_INDEX: '', PIP_FIND_LINKS: '', PIP_EXTRA_INDEX_URL: '' }
    const none = { PIP_CONFIG_FILE: '/dev/null', NO_PROXY: '127.0.0.1', no_proxy: '127.0.0.1' }
    return { UV_DEFAULT_INDEX: this.url, PIP_INDEX_URL: this.url, ...off, ...none }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

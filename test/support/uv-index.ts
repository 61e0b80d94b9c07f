import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { TEST_CERTIFICATE, TEST_KEY } from './certificate.ts'
import { zip } from './zip.ts'

/** A wheel that any machine of this platform takes. */
export function uvWheelName(version: string): string {
  const arch = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch
  const tags = {
    linux: `manylinux_2_17_${arch}.manylinux2014_${arch}`,
    darwin: 'macosx_11_0_universal2',
  }[process.platform as string]
  return `uv-${version}-py3-none-${tags}.whl`
}

/** A wheel with a program uv that prints its version and does nothing else. */
export function uvWheel(version: string, program = `echo "uv ${version} (made up)"`): Buffer {
  return zip({
    'uv/__init__.py': '# '.repeat(1000),
    [`uv-${version}.data/scripts/uv`]: `#!/bin/sh\n${program}\n`,
    [`uv-${version}.data/scripts/uvx`]: '#!/bin/sh\nexit 1\n',
    [`uv-${version}.dist-info/METADATA`]: `Name: uv\nVersion: ${version}\n`,
  })
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** A file of an index, and what the index says of it. */
export interface Offered {
  readonly bytes: Buffer
  /** `null`: the index does not say it. */
  readonly sha256?: string | null
  readonly isYanked?: boolean
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

interface Options {
  readonly files?: Readonly<Record<string, Offered>>
  readonly format?: 'json' | 'html'
  readonly isSecure?: boolean
  /** Handles requests before the index does; returns whether it did. */
  readonly handle?: (request: IncomingMessage, response: ServerResponse) => boolean
}

/** A package index on loopback that has uv. */
export class UvIndex implements AsyncDisposable {
  /** The paths that were asked for. */
  readonly requests: string[] = []
  /** The header `Authorization` of each request. */
  readonly authorizations: (string | undefined)[] = []
  readonly #server: ReturnType<typeof createServer>
  readonly #sockets = new Set<Socket>()
  readonly #isSecure: boolean

  private constructor({ files = {}, format = 'json', isSecure = false, handle }: Options) {
    this.#isSecure = isSecure
    const listen: Handler = (request, response) => {
      const { url = '' } = request
      this.requests.push(url)
      this.authorizations.push(request.headers.authorization)
      if (handle?.(request, response) === true) return
      const name = url.startsWith('/files/') ? url.slice('/files/'.length) : undefined
      const file = name === undefined ? undefined : files[name]
      if (file !== undefined) response.end(file.bytes)
      else if (url === '/simple/uv/' && Object.keys(files).length > 0) page(response, files, format)
      else response.writeHead(404).end()
    }
    const tls = { key: TEST_KEY, cert: TEST_CERTIFICATE }
    this.#server = isSecure ? createSecureServer(tls, listen) : createServer(listen)
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
  }

  static async start(options: Options): Promise<UvIndex> {
    const index = new UvIndex(options)
    await new Promise<void>((resolve) => index.#server.listen(0, '127.0.0.1', resolve))
    return index
  }

  get origin(): string {
    const { port } = this.#server.address() as AddressInfo
    return `${this.#isSecure ? 'https' : 'http'}://127.0.0.1:${port}`
  }

  get url(): string {
    return `${this.origin}/simple`
  }

  get server(): ReturnType<typeof createServer> {
    return this.#server
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections?.() // also those that got no reply
    await closed
  }
}

function page(
  response: ServerResponse,
  files: Readonly<Record<string, Offered>>,
  format: 'json' | 'html',
): void {
  const hashOf = ({ bytes, sha256: said }: Offered) => (said === undefined ? sha256(bytes) : said)
  if (format === 'json') {
    const list = Object.entries(files).map(([filename, file]) => ({
      filename,
      url: `../../files/${filename}`,
      hashes: hashOf(file) === null ? {} : { sha256: hashOf(file) },
      yanked: file.isYanked ?? false,
    }))
    response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json')
    return void response.end(JSON.stringify({ name: 'uv', files: list }))
  }
  const links = Object.entries(files).map(([name, file]) => {
    const hash = hashOf(file)
    const yanked = file.isYanked === true ? ' data-yanked="bad &amp; old"' : ''
    return `<a data-requires-python="&gt;=3.8" href="/files/${name}${hash === null ? '' : `#sha256=${hash}`}"${yanked}>${name}</a><br>`
  })
  response.setHeader('content-type', 'text/html; charset=utf-8')
  response.end(`<!DOCTYPE html><html><body>\n${links.join('\n')}\n</body></html>`)
}

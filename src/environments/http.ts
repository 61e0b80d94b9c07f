import type * as http from 'node:http'
import type * as https from 'node:https'
import { isIP, type Socket } from 'node:net'
import { builtin } from '../builtin.ts'
import { own } from '../own.ts'
import { credentials, type Network, shown } from './network.ts'

/**
 * A client for requests by the proxies and certificates of pip and uv. Node's `fetch` knows no proxy
 * before Node 24, and no certificates other than those of the process.
 */

const MAX_REDIRECTS = 10
const REDIRECTS = [301, 302, 303, 307, 308]
/** How long a server may take for its first reply, with all redirects. */
export const REPLY_MS = 3_500
/** How long a server may pause while it sends. */
const STALL_MS = 20_000

export interface Reply {
  /** The address after redirects, to which links in the page are relative. */
  readonly url: URL
  readonly type: string
  readonly body: http.IncomingMessage
  /** The announced number of bytes. */
  readonly length: number | undefined
}

/** A server's status that is no success. */
export class StatusError extends Error {
  readonly status: number

  constructor(url: URL, status: number) {
    super(`${shown(url)}: the server replied ${status}${statusText(status)}`)
    this.status = status
  }
}

/** No server replied: there is no network, or none that leads to the server. */
export class UnreachedError extends Error {}

const UNREACHED =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_\w+|E(NET|HOST)(UNREACH|DOWN)|ETIMEDOUT|EACCES|EPERM)$/

export interface RequestOptions {
  readonly method?: 'GET' | 'HEAD'
  readonly accept?: string
  readonly replyMs?: number
}

/**
 * Sends a request and follows redirects. The body must be read or destroyed.
 *
 * @throws `StatusError`, `UnreachedError`; any other Error whose message names the address and what
 * went wrong
 */
export async function request(
  url: URL,
  network: Network,
  { method = 'GET', accept = '*/*', replyMs = REPLY_MS }: RequestOptions = {},
): Promise<Reply> {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), replyMs)
  let at = url
  try {
    // Who follows a redirect to another host must not get the password of the first.
    let authorization = network.authorizationFor(url)
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const body = await send(at, network, { method, accept, authorization }, stop.signal)
      const status = body.statusCode ?? 0
      const { location } = body.headers
      if (REDIRECTS.includes(status) && location !== undefined) {
        body.destroy()
        const next = new URL(location, at)
        if (at.protocol === 'https:' && next.protocol !== 'https:')
          throw new Error(`it redirects to ${shown(next)}, which is not encrypted`)
        if (next.host !== at.host) authorization = network.authorizationFor(next)
        at = next
        continue
      }
      if (status < 200 || status > 299) {
        body.destroy()
        throw new StatusError(at, status)
      }
      body.setTimeout(STALL_MS, () => body.destroy(new Error('the server stopped sending')))
      const { 'content-type': type = '', 'content-length': length } = body.headers
      return { url: at, type, body, length: length === undefined ? undefined : Number(length) }
    }
    throw new Error('too many redirects')
  } catch (error) {
    if (error instanceof StatusError) throw error
    const isLate = stop.signal.aborted
    const reason = isLate ? `no reply within ${replyMs / 1000} s` : inWords(error)
    const Kind = isLate || UNREACHED.test(codeOf(error) ?? '') ? UnreachedError : Error
    throw new Kind(`${shown(at)}: ${reason}`, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

/** Reads a body to its end. `onBytes` gets the number of bytes that have arrived. */
export async function readAll(
  { url, body, length }: Reply,
  maxBytes: number,
  onBytes: (bytes: number) => void = () => {},
): Promise<Buffer> {
  const parts: Buffer[] = []
  let bytes = 0
  try {
    for await (const part of body as AsyncIterable<Buffer>) {
      bytes += part.length
      if (bytes > maxBytes) throw new Error(`it is longer than ${maxBytes} bytes`)
      parts.push(part)
      onBytes(bytes)
    }
    if (length !== undefined && bytes !== length)
      throw new Error(`it ended after ${bytes} of ${length} bytes`)
  } catch (error) {
    throw new Error(`${shown(url)}: ${inWords(error)}`, { cause: error })
  } finally {
    body.destroy()
  }
  return Buffer.concat(parts)
}

interface Sent {
  readonly method: string
  readonly accept: string
  readonly authorization: string | undefined
}

async function send(
  url: URL,
  network: Network,
  { method, accept, authorization }: Sent,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new Error(`${url.protocol} is no protocol of an index here`)
  const proxy = network.proxyFor(url)
  if (proxy !== undefined && !/^https?:$/.test(proxy.protocol))
    throw new Error(`the proxy ${shown(proxy)} is neither http nor https`)
  const headers = {
    accept,
    'user-agent': 'pythreads',
    host: url.host,
    ...(authorization === undefined ? {} : { authorization }),
  }
  const options = { method, headers, signal, agent: false, ...tlsOptions(url, network) }
  if (proxy === undefined) return reply(client(url).request(addressOf(url, options)))
  if (url.protocol === 'http:') {
    const { href } = new URL(url.pathname + url.search, url.origin)
    const through = { ...headers, ...proxyHeaders(proxy) }
    return reply(
      client(proxy).request(
        addressOf(proxy, {
          ...options,
          ...tlsOptions(proxy, network),
          path: href,
          headers: through,
        }),
      ),
    )
  }
  const socket = await tunnel(proxy, url, network, signal)
  const host = hostOf(url)
  // TLS knows no name that is an address: the certificate is compared with `host` then.
  const name = isIP(host) === 0 ? { servername: host } : {}
  const secure = builtin('node:tls').connect(
    own({ ...tlsOptions(url, network), ...name, socket, host }),
  )
  return reply(
    builtin('node:https').request(addressOf(url, { ...options, createConnection: () => secure })),
  )
}

/** Has a proxy connect to the server of an address. */
function tunnel(proxy: URL, { hostname, port }: URL, network: Network, signal: AbortSignal) {
  const target = `${hostname}:${port || 443}`
  const options = {
    method: 'CONNECT',
    path: target,
    headers: { host: target, ...proxyHeaders(proxy) },
    signal,
    agent: false,
    ...tlsOptions(proxy, network),
  }
  return new Promise<Socket>((resolve, reject) => {
    client(proxy)
      .request(addressOf(proxy, options))
      .on('connect', ({ statusCode = 0 }, socket: Socket) => {
        if (statusCode === 200) return resolve(socket)
        socket.destroy()
        reject(
          new Error(`the proxy ${shown(proxy)} replied ${statusCode}${statusText(statusCode)}`),
        )
      })
      .on('error', (error) =>
        reject(new Error(`the proxy ${shown(proxy)}: ${inWords(error)}`, { cause: error })),
      )
      .end()
  })
}

function reply(sent: http.ClientRequest): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.on('response', resolve).on('error', reject).end()
  })
}

function client(url: URL): typeof http | typeof https {
  return url.protocol === 'https:' ? builtin('node:https') : builtin('node:http')
}

function addressOf(url: URL, options: https.RequestOptions): https.RequestOptions {
  const { pathname, search, port } = url
  const address = { path: pathname + search, hostname: hostOf(url) }
  return own({ ...address, ...(port === '' ? {} : { port: Number(port) }), ...options })
}

/** Without the brackets of an IPv6 address. */
function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '')
}

function tlsOptions(url: URL, network: Network) {
  const { certificates } = network
  return {
    rejectUnauthorized: !network.isInsecure(url),
    ...(certificates === undefined ? {} : { ca: [...certificates] }),
  }
}

function proxyHeaders(proxy: URL): Record<string, string> {
  const authorization = credentials(proxy)
  return authorization === undefined ? {} : { 'proxy-authorization': authorization }
}

function inWords(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  // Node tries each address of a host: its error then has no text, only those of the attempts.
  const [first] = error instanceof AggregateError ? (error.errors as Error[]) : []
  const text = message || first?.message || String(error)
  return code === undefined || text.includes(code) ? text : `${text} (${code})`
}

/** The system's code of an error, or of the one that led to it. */
function codeOf(error: unknown): string | undefined {
  const { code, cause } = error as NodeJS.ErrnoException
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : []
  return code ?? ((first ?? cause) ? codeOf(first ?? cause) : undefined)
}

function statusText(status: number): string {
  const text = builtin('node:http').STATUS_CODES[status]
  return text === undefined ? '' : ` ${text}`
}

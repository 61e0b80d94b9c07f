import * as http from 'node:http'
import * as https from 'node:https'
import { connect } from 'node:net'
import { attempt } from '../attempt.ts'
import { ownVariables } from '../own.ts'

/** How long a package index may take for its first reply. */
const REPLY_MS = 3_500
const DEFAULT_INDEX = 'https://pypi.org/simple/'
/** The errors that say that no server was reached; any other error comes from one. */
const UNREACHED =
  /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_\w+|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT|ENETDOWN|EHOSTDOWN|EACCES|EPERM)$/

/**
 * Says why the package index cannot be reached; `undefined`: a server replied. uv and pip try for
 * half a minute or longer to find that out. `env`: the variables with which uv runs.
 */
export async function whyUnreachable(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const env = ownVariables(environment)
  const index = env['UV_DEFAULT_INDEX'] || env['UV_INDEX_URL'] || DEFAULT_INDEX
  const url = attempt(() => new URL(index))
  if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined
  const reason = await (hasProxy(env, url) ?? request(url))
  return reason === undefined
    ? undefined
    : `the package index ${url.origin}${url.pathname}: ${reason}`
}

/** With a proxy, only the proxy has to be reached. */
function hasProxy(env: NodeJS.ProcessEnv, url: URL): Promise<string | undefined> | undefined {
  const either = (name: string) => env[name] || env[name.toUpperCase()]
  const text =
    either(url.protocol === 'https:' ? 'https_proxy' : 'http_proxy') || either('all_proxy')
  const proxy = text === undefined ? undefined : attempt(() => new URL(text))
  const excluded = (either('no_proxy') ?? '').split(/[\s,]+/)
  const isExcluded = excluded.some(
    (name) => name === '*' || (name !== '' && url.hostname.endsWith(name)),
  )
  if (proxy === undefined || isExcluded) return undefined
  return within((settle) => {
    const socket = connect(Number(proxy.port || 80), proxy.hostname, () => settle(undefined))
    socket.on('error', (error) => settle(error))
    return () => socket.destroy()
  })
}

function request(url: URL): Promise<string | undefined> {
  const client = url.protocol === 'https:' ? https : http
  return within((settle) => {
    const sent = client.request(url, { method: 'HEAD', agent: false }, () => settle(undefined))
    sent.on('error', (error) => settle(error)).end()
    return () => sent.destroy()
  })
}

type Begin = (settle: (error: NodeJS.ErrnoException | undefined) => void) => () => void

function within(begin: Begin): Promise<string | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve(`no reply within ${REPLY_MS / 1000} s`)
      stop()
    }, REPLY_MS)
    const stop = begin((error) => {
      clearTimeout(timer)
      const code = error?.code ?? ''
      resolve(UNREACHED.test(code) ? error?.message || code : undefined)
      stop()
    })
  })
}

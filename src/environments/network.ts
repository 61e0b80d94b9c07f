import { BlockList, isIP } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { attempt } from '../attempt.ts'
import { builtin } from '../builtin.ts'
import { readPlain } from '../discovery/index.ts'
import { ownVariables } from '../platform/index.ts'
import type { IndexSettings } from './index-settings.ts'

/** How to reach a server: by which proxy, with which certificates and credentials. */
export interface Network {
  proxyFor(url: URL): URL | undefined
  /** The header `Authorization`, by the address itself or by netrc. */
  authorizationFor(url: URL): string | undefined
  /** Trusted certificates; `undefined`: those of Node. */
  readonly certificates: readonly string[] | undefined
  isInsecure(url: URL): boolean
}

/** By the variables and settings that pip and uv go by. */
export function networkOf(environment: NodeJS.ProcessEnv, settings: IndexSettings): Network {
  const env = ownVariables(environment)
  const logins = readLogins(readPlain(env['NETRC'] || join(homedir(), '.netrc')))
  const either = (name: string) => env[name] || env[name.toUpperCase()]
  return {
    proxyFor: (url) => {
      if (isExcluded(url, either('no_proxy') ?? '')) return undefined
      const text =
        settings.proxy ||
        either(url.protocol === 'https:' ? 'https_proxy' : 'http_proxy') ||
        either('all_proxy')
      return text === undefined ? undefined : new URL(/:\/\//.test(text) ? text : `http://${text}`)
    },
    authorizationFor: (url) => credentials(url) ?? logins.get(url.hostname) ?? logins.get(''),
    certificates: readCertificates(settings.certificates),
    isInsecure: ({ host, hostname }) =>
      settings.insecureHosts.some((name) => [host, hostname, '*'].includes(name)),
  }
}

/** The user and the password of an address, as a header. */
export function credentials({ username, password }: URL): string | undefined {
  return username === '' && password === ''
    ? undefined
    : basic(decodeURIComponent(username), decodeURIComponent(password))
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

/** An address as it may be printed: without a user and a password. */
export function shown(url: URL | string): string {
  const copy = attempt(() => new URL(url))
  if (copy === undefined) return String(url)
  copy.username = ''
  copy.password = ''
  return copy.href
}

/**
 * Whether NO_PROXY lists the host: names with their subdomains, addresses, networks such as
 * `10.0.0.0/8`, each with or without a port; `*` is every host.
 */
function isExcluded(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  return list.split(/[\s,]+/).some((entry) => {
    if (entry === '') return false
    if (entry === '*') return true
    const network = /^(.+)\/(\d+)$/.exec(entry)
    if (network !== null) return isInNetwork(host, network[1] ?? '', Number(network[2]))
    const [, name = '', wanted] =
      isIP(entry) === 6 ? [entry, entry] : (/^\[?(.*?)\]?(?::(\d+))?$/.exec(entry) ?? [])
    const suffix = name.toLowerCase().replace(/^\*?\./, '')
    return (
      (wanted === undefined || wanted === port) && (host === suffix || host.endsWith(`.${suffix}`))
    )
  })
}

function isInNetwork(host: string, network: string, prefix: number): boolean {
  const family = isIP(network)
  if (family === 0 || family !== isIP(host)) return false
  const list = new BlockList()
  const type = family === 6 ? 'ipv6' : 'ipv4'
  attempt(() => list.addSubnet(network, prefix, type))
  return list.check(host, type)
}

/** The headers for the hosts of a netrc file; its `default` has the name `''`. */
function readLogins(text: string): Map<string, string> {
  const logins = new Map<string, string>()
  const words = text.replace(/^\s*#.*$/gm, '').split(/\s+/)
  let host: string | undefined
  let user = ''
  for (let i = 0; i < words.length; i++) {
    const word = words[i]
    if (word === 'machine') host = words[++i] ?? ''
    else if (word === 'default') host = ''
    else if (word === 'login') user = words[++i] ?? ''
    else if (word === 'password' && host !== undefined)
      logins.set(host, basic(user, words[++i] ?? ''))
  }
  return logins
}

/**
 * The certificates in files, besides those of Node and, where Node can tell them, of the system.
 * Node's option `ca` replaces its own.
 */
function readCertificates(files: readonly string[]): string[] | undefined {
  const more = files.map(readPlain).filter((text) => text.includes('BEGIN CERTIFICATE'))
  const tls = builtin('node:tls')
  const system = attempt(() => tls.getCACertificates?.('system')) ?? []
  return more.length + system.length === 0
    ? undefined
    : [...new Set([...tls.rootCertificates, ...system, ...more])]
}

declare module 'node:tls' {
  /** Node 22.15 and newer have it. */
  const getCACertificates: ((type: 'default' | 'system') => string[]) | undefined
}

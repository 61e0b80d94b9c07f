import { readAll, request } from './http.ts'
import type { Network } from './network.ts'

/** A file of a project in a package index. */
export interface IndexFile {
  readonly name: string
  readonly url: URL
  /** As the index says it; an index need not know it. */
  readonly sha256: string | undefined
  readonly isYanked: boolean
}

const ACCEPT = 'application/vnd.pypi.simple.v1+json, text/html;q=0.5, */*;q=0.1'
const MAX_BYTES = 2 ** 26

/**
 * Lists the files of a project by the simple API of package indexes: as JSON (PEP 691), or as the
 * HTML of older indexes (PEP 503).
 *
 * @throws the errors of {@link request}
 */
export async function projectFiles(
  index: string,
  project: string,
  network: Network,
): Promise<IndexFile[]> {
  const page = new URL(index)
  page.pathname = `${page.pathname.replace(/\/+$/, '')}/${project}/`
  const reply = await request(page, network, { accept: ACCEPT })
  const text = (await readAll(reply, MAX_BYTES)).toString('utf8')
  // Links of the index's own host need the same user and password.
  const files = /\bjson\b/.test(reply.type) ? fromJson(text, reply.url) : fromHtml(text, reply.url)
  for (const { url } of files) {
    if (url.host !== page.host || url.username !== '') continue
    url.username = page.username
    url.password = page.password
  }
  return files
}

function fromJson(text: string, base: URL): IndexFile[] {
  const { files } = JSON.parse(text) as {
    files: {
      filename: string
      url: string
      hashes?: { sha256?: string }
      yanked?: boolean | string
    }[]
  }
  return files.map(({ filename, url, hashes, yanked = false }) => ({
    name: filename,
    url: new URL(url, base),
    sha256: hashes?.sha256,
    isYanked: yanked !== false,
  }))
}

function fromHtml(text: string, page: URL): IndexFile[] {
  const base = new URL(attribute(/<base\b([^>]*)>/i.exec(text)?.[1] ?? '', 'href') ?? '', page)
  return [...text.matchAll(/<a\b([^>]*)>\s*([^<]*?)\s*<\/a>/gi)].flatMap(
    ([, tag = '', name = '']) => {
      const href = attribute(tag, 'href')
      if (href === undefined) return []
      const url = new URL(href, base)
      const sha256 = /sha256=([\da-f]{64})/i.exec(url.hash)?.[1]
      url.hash = ''
      return {
        name: unescaped(name),
        url,
        sha256,
        isYanked: attribute(tag, 'data-yanked') !== undefined,
      }
    },
  )
}

function attribute(tag: string, name: string): string | undefined {
  const found = new RegExp(`\\b${name}(?:\\s*=\\s*(?:"([^"]*)"|'([^']*)'))?`, 'i').exec(tag)
  return found === null ? undefined : unescaped(found[1] ?? found[2] ?? '')
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', quot: '"', lt: '<', gt: '>' }

function unescaped(text: string): string {
  return text.replace(
    /&(amp|quot|lt|gt|#(\d+)|#x([\da-f]+));/gi,
    (_, name: string, decimal, hex) =>
      decimal === undefined && hex === undefined
        ? (ENTITIES[name.toLowerCase()] ?? '')
        : String.fromCodePoint(Number.parseInt(decimal ?? hex, decimal === undefined ? 16 : 10)),
  )
}

// Why: a reader follows links on GitHub and on npm, and looks for the files that a page names. npm
// resolves relative links of README.md by `repository` of package.json, except in `srcset`, so
// pictures have whole addresses there.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const { repository, homepage, bugs } = JSON.parse(read('package.json'))
const address: string = repository.url.replace(/^git\+|\.git$/g, '')
const documents = [
  ...readdirSync(root),
  'bench/README.md',
  ...['docs', 'design', 'examples'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true }).map((path) => join(folder, String(path))),
  ),
].filter((path) => path.endsWith('.md'))

/** Without code, whose brackets and hashes are no links and no titles. */
const prose = (path: string) =>
  read(path).replace(/^```.*?^```$|`[^`\n]*`/gms, (code) => code.replace(/[[\]#]/g, ''))
/** The anchors that GitHub gives to the titles of a document. */
const anchors = (path: string) =>
  [...prose(path).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  )

describe.each(documents)('%s', (path) => {
  it('has no link to a file or a title that does not exist', () => {
    const broken = [...prose(path).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^\w+:/.test(target))
      .filter((target) => {
        const [file, anchor] = target.split('#')
        const to = file ? join(dirname(path), file) : path
        if (!existsSync(join(root, to))) return true
        return anchor !== undefined && !anchors(to).includes(anchor)
      })
    expect(broken).toEqual([])
  })
})

/** The sources, each by its path. */
const sources = ['src', 'kernel', 'test', 'scripts', 'bench', 'examples'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .map((path) => `/${folder}/${path}`)
    .filter((path) => /\.(?:ts|js|py|sh)$/.test(path) && !path.includes('/node_modules/')),
)

it.each(documents.filter((path) => !/^docs\/|^CHANGELOG/.test(path)))(
  '%s names only source files that exist',
  (path) => {
    const named = [...read(path).matchAll(/`([\w./-]+\.(?:ts|js|py|sh))`/g)].map(
      ([, file = '']) => file,
    )
    const missing = named.filter(
      (file) => !/^\.|^dist\//.test(file) && !sources.some((source) => source.endsWith(`/${file}`)),
    )
    expect(missing).toEqual([])
  },
)

it('package.json has one address for code, home page and bugs', () => {
  expect(repository.url).toBe(`git+${address}.git`)
  expect({ homepage, bugs }).toEqual({ homepage: `${address}#readme`, bugs: `${address}/issues` })
})

it('pictures of README.md are at the address of package.json, and exist', () => {
  const pictures = [...read('README.md').matchAll(/(?:src|srcset)="([^"]+)"/g)].map(
    ([, url = '']) => url,
  )
  expect(pictures.length).toBeGreaterThan(0)
  for (const url of pictures) {
    expect(url).toContain(`${address}/raw/HEAD/`)
    expect(existsSync(join(root, url.replace(`${address}/raw/HEAD/`, ''))), url).toBe(true)
  }
})

it('docs/README.md has a line for each page of docs', () => {
  const listed = [...read('docs/README.md').matchAll(/^\d+\. \[.*?\]\((.*?)\): \S.*\.$/gm)].map(
    ([, page]) => page,
  )
  const pages = readdirSync(join(root, 'docs')).filter(
    (name) => name.endsWith('.md') && name !== 'README.md',
  )
  expect(listed.sort()).toEqual(pages.sort())
})

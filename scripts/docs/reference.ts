import { commentOf, ended } from './comments.ts'
import { type Declarations, type Declared, isHidden, readDeclarations, ts } from './declarations.ts'
import { anchorOf, codeBlock, markup, table, wrap } from './markdown.ts'
import { HELPERS, PAGES, type ReferencePage } from './pages.ts'
import { declarationOf, nameOf, signatureOf } from './signatures.ts'

/** The reference, and what is wrong with the comments that it is made of. */
export interface Reference {
  /** The text of each file of docs/api, by name. */
  readonly files: ReadonlyMap<string, string>
  /**
   * A sentence for each public thing without a comment, and each word that Markdown would take for
   * markup.
   */
  readonly faults: readonly string[]
}

const NOTICE = '<!-- `npm run docs` writes this page from the comments in src. -->'

/** Makes the reference of the package from its source. */
export function makeReference(): Reference {
  return new Writer(readDeclarations()).write()
}

class Writer {
  readonly #declared: ReadonlyMap<string, Declared>
  readonly #mentions: Declarations['mentions']
  readonly #pageOf = new Map(
    PAGES.flatMap((page) => page.names.map((name) => [name, page.file] as const)),
  )
  /** How each name and member is called, and under which title it stands. */
  readonly #titles = new Map<string, readonly [shown: string, title: string]>()
  readonly #faults: string[] = []

  constructor({ declared, mentions }: Declarations) {
    this.#declared = declared
    this.#mentions = mentions
    for (const { name, node } of this.#shown()) {
      this.#titles.set(name, [name, name])
      const members = ts.isInterfaceDeclaration(node)
        ? node.members
        : ts.isClassDeclaration(node)
          ? membersOf(node).flat()
          : []
      for (const member of members) {
        const title = ts.isClassElement(member) ? titleOf(name, member) : memberName(member)
        this.#titles.set(`${name}.${memberName(member)}`, [
          title,
          ts.isClassElement(member) ? title : name,
        ])
      }
    }
  }

  write(): Reference {
    this.#checkPages()
    const files = new Map([['README.md', this.#index()]])
    for (const page of PAGES) files.set(page.file, this.#page(page))
    return { files, faults: this.#faults }
  }

  #shown(): Declared[] {
    return PAGES.flatMap(({ names }) => names).flatMap((name) => this.#declared.get(name) ?? [])
  }

  /** Every name has one page, and every page has names that exist. */
  #checkPages(): void {
    const names = PAGES.flatMap((page) => page.names)
    const shown = new Set(names)
    for (const name of names)
      if (!this.#declared.has(name)) this.#faults.push(`${name}: it is on a page, but not public`)
    if (shown.size < names.length) this.#faults.push('A name is on two pages')
    for (const { name, node, from, texts } of this.#declared.values()) {
      if (from !== undefined && !shown.has(name)) this.#faults.push(`${name}: it is on no page`)
      if (!shown.has(name) || texts !== undefined) continue
      for (const other of this.#mentions(node))
        if (!shown.has(other) && !HELPERS.has(other))
          this.#faults.push(`${name}: it mentions ${other}`)
    }
  }

  #index(): string {
    const parts = PAGES.map(({ file, title, intro, names }) => {
      const lines = names.map((name) => {
        const declared = this.#declared.get(name)
        const text =
          declared === undefined
            ? ''
            : firstSentence(this.#linked(commentOf(declared.node).text, 'README.md', name))
        return wrap(`- [\`${name}\`](${file}#${anchorOf(name)}): ${text}`)
      })
      return `## [${title}](${file})\n\n${wrap(intro)}\n\n${lines.join('\n')}`
    })
    const intro = wrap(
      'Look up here what a class, a function or an option of `pythreads` takes and returns. ' +
        'The [guides](../README.md) explain how to use them.',
    )
    return `${NOTICE}\n\n# API reference\n\n${intro}\n\n${parts.join('\n\n')}\n`
  }

  #page({ file, title, intro, names }: ReferencePage): string {
    const parts = names.flatMap((name) => {
      const declared = this.#declared.get(name)
      return declared === undefined ? [] : [this.#entry(declared, file)]
    })
    const contents = names.map((name) => `[\`${name}\`](#${anchorOf(name)})`).join(', ')
    return `${[NOTICE, `# ${title}`, wrap(`${intro} All pages: [API reference](README.md).`), wrap(contents), ...parts].join('\n\n')}\n`
  }

  #entry(declared: Declared, file: string): string {
    const { name, node, from } = declared
    const blocks = [`## \`${name}\``]
    if (from === 'pythreads/arrow') blocks.push(wrap(`Import it from \`${from}\`.`))
    if (from === undefined) blocks.push('The package does not export this name.')
    blocks.push(codeBlock(declarationOf(declared)), ...this.#comment(node, name, file))
    if (ts.isVariableDeclaration(node)) blocks.push(...constantTable(node))
    if (ts.isInterfaceDeclaration(node)) blocks.push(this.#list(node, name, file))
    if (ts.isClassDeclaration(node)) {
      for (const overloads of membersOf(node)) blocks.push(...this.#member(overloads, name, file))
    } else {
      blocks.push(...this.#see([node], name, file))
    }
    return blocks.filter((block) => block !== '').join('\n\n')
  }

  #member(overloads: readonly ts.ClassElement[], owner: string, file: string): string[] {
    const [first] = overloads as readonly [ts.ClassElement]
    const code = codeBlock(overloads.map(signatureOf).join('\n'))
    const comment = this.#comment(first, `${owner}.${memberName(first)}`, file)
    return [
      `### \`${titleOf(owner, first)}\``,
      code,
      ...comment,
      ...this.#see(overloads, owner, file),
    ]
  }

  /** Links to the types that declarations mention. */
  #see(nodes: readonly ts.Node[], owner: string, file: string): string[] {
    const names = new Set(nodes.flatMap((node) => [...this.#mentions(node)]))
    const links = [...names]
      .filter((name) => name !== owner && this.#pageOf.has(name))
      .map((name) => this.#link(name, file))
    return links.length === 0 ? [] : [wrap(`See ${links.join(', ')}.`)]
  }

  /** The members of an interface, each with its comment. */
  #list(
    node: ts.InterfaceDeclaration | ts.TypeLiteralNode,
    owner: string,
    file: string,
    indent = '',
  ): string {
    const items = node.members.flatMap((member) => {
      const name = `${owner}.${memberName(member)}`
      const { text, tags } = commentOf(member)
      if (text === '' && memberName(member).startsWith('[')) return []
      this.#check(member, name, text)
      const more = tags
        .map(({ tag, text: said }) => (tag === 'throws' ? ` Throws ${said}` : ` ${said}`))
        .join('')
      const shown = ts.isMethodSignature(member) ? `${memberName(member)}()` : memberName(member)
      const item = this.#linked(
        `- \`${shown}\`: ${text}${ended(more)}`.replace(/\n+/g, ' '),
        file,
        owner,
      )
      return [
        wrap(item, indent),
        ...literalsIn(member).map((inner) => this.#list(inner, name, file, `${indent}  `)),
      ]
    })
    return items.join('\n')
  }

  #comment(node: ts.Node, name: string, file: string): string[] {
    const { text, tags } = commentOf(node)
    this.#check(node, name, text)
    const owner = name.replace(/\..*/, '')
    const show = (part: string) => wrap(this.#linked(part, file, owner))
    const named = (tag: string) => tags.filter((one) => one.tag === tag)
    const lists = [
      ['Type parameters', named('typeParam')],
      ['Parameters', named('param')],
    ] as const
    return [
      show(text),
      ...lists
        .filter(([, items]) => items.length > 0)
        .map(
          ([title, items]) =>
            `${title}:\n\n${items.map((item) => show(`- \`${item.name}\`: ${item.text}`)).join('\n')}`,
        ),
      ...named('returns').map((tag) => show(`Returns: ${tag.text}`)),
      ...named('throws').map((tag) => show(`Throws: ${tag.text}`)),
      ...named('example').map((tag) => `Example:\n\n${show(tag.text)}`),
    ].filter((block) => block !== '')
  }

  /** Notes what is missing in a comment, or would look wrong. */
  #check(node: ts.Node, name: string, text: string): void {
    const { tags } = commentOf(node)
    if (text === '') this.#faults.push(`${name}: no comment`)
    for (const part of [text, ...tags.map((tag) => tag.text)]) {
      for (const word of markup(part))
        this.#faults.push(`${name}: ${word} has to stand in backticks`)
    }
    if (
      !ts.isFunctionDeclaration(node) &&
      !ts.isMethodDeclaration(node) &&
      !ts.isConstructorDeclaration(node)
    )
      return
    const described = new Set(tags.filter(({ tag }) => tag === 'param').map(({ name }) => name))
    const parameters = new Set(node.parameters.map((parameter) => parameter.name.getText()))
    for (const of of parameters)
      if (!described.has(of)) this.#faults.push(`${name}: no @param ${of}`)
    for (const of of described)
      if (!parameters.has(of)) this.#faults.push(`${name}: there is no parameter ${of}`)
    const result = node.type?.getText()
    if (
      result === undefined ||
      /^(Promise<)?(void|never)\b/.test(result) ||
      tags.some(({ tag }) => tag === 'returns')
    )
      return
    this.#faults.push(`${name}: no @returns`)
  }

  #linked(text: string, file: string, owner: string): string {
    return text.replace(/\{@link\s+([^}]+)\}/g, (_, name: string) => this.#link(name, file, owner))
  }

  /** A link to a name, or to a member; `owner`: whose member it may be. */
  #link(name: string, file: string, owner = name): string {
    const full = this.#titles.has(name) ? name : `${owner}.${name}`
    const found = this.#titles.get(full)
    const page = this.#pageOf.get(full.replace(/\..*/, ''))
    if (found === undefined || page === undefined) {
      this.#faults.push(`${owner}: there is no {@link ${name}}`)
      return `\`${name}\``
    }
    const [shown, title] = found
    return `[\`${shown}\`](${page === file ? '' : page}#${anchorOf(title)})`
  }
}

/** The objects that the type of a property consists of. */
function literalsIn(member: ts.TypeElement): ts.TypeLiteralNode[] {
  if (!ts.isPropertySignature(member) || member.type === undefined) return []
  const parts = ts.isIntersectionTypeNode(member.type) ? member.type.types : [member.type]
  return parts.flatMap((part) => (ts.isTypeLiteralNode(part) ? [part] : []))
}

/** The public members of a class: its constructor first, overloads together. */
function membersOf(node: ts.ClassDeclaration): ts.ClassElement[][] {
  const groups = new Map<string, ts.ClassElement[]>()
  const members = node.members.filter((member) => !isHidden(member))
  members.sort(
    (a, b) => Number(ts.isConstructorDeclaration(b)) - Number(ts.isConstructorDeclaration(a)),
  )
  for (const member of members) {
    const key = titleOf('', member)
    groups.set(key, [...(groups.get(key) ?? []), member])
  }
  // The last of several signatures is the one with the body, which callers do not see.
  return [...groups.values()].map((group) => (group.length > 1 ? group.slice(0, -1) : group))
}

function memberName(member: ts.Node): string {
  if (ts.isIndexSignatureDeclaration(member)) return `[${member.parameters[0]?.name.getText()}]`
  return ts.isConstructorDeclaration(member) ? 'constructor' : nameOf(member)
}

/** How a member is written where it is used: `Python.start()`, `python.run()`, `new NdArray()`. */
function titleOf(owner: string, member: ts.ClassElement): string {
  if (ts.isConstructorDeclaration(member)) return `new ${owner}()`
  const isStatic = (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Static) !== 0
  const name = memberName(member)
  const on = isStatic ? owner : owner.slice(0, 1).toLowerCase() + owner.slice(1)
  return `${on}${name.startsWith('[') ? '' : '.'}${name}${ts.isMethodDeclaration(member) ? '()' : ''}`
}

function firstSentence(text: string): string {
  return (/^.*?[.:](?=\s|$)/s.exec(text)?.[0] ?? text).replace(/\s+/g, ' ').replace(/:$/, '.')
}

/** What a constant has, where it is an object of texts. */
function constantTable(node: ts.VariableDeclaration): string[] {
  const rows: [string, string][] = []
  const visit = (part: ts.Node): void => {
    if (ts.isPropertyAssignment(part) && ts.isStringLiteral(part.initializer)) {
      const { text } = part.initializer
      rows.push([`\`${part.name.getText()}\``, text.includes(' ') ? text : `\`${text}\``])
    }
    ts.forEachChild(part, visit)
  }
  if (node.initializer) visit(node.initializer)
  return rows.length === 0 ? [] : [table(['name', 'value'], rows)]
}

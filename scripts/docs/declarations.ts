import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
// The `typescript` of this package is version 7, a program without an API.
import ts from '../../test/types/typescript/5.9/node_modules/typescript/lib/typescript.js'

export { ts }

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A name of the reference, with what declares it. */
export interface Declared {
  readonly name: string
  readonly node: ts.Declaration
  /** What a program imports it from; `undefined`: the package exports it under no name. */
  readonly from: 'pythreads' | 'pythreads/arrow' | undefined
  /** What a union consists of that is derived from a list of texts: `(typeof LIST)[number]`. */
  readonly texts: readonly string[] | undefined
}

/** What is public of the package. */
export interface Declarations {
  /** The exports, and the types of src that their declarations mention. */
  readonly declared: ReadonlyMap<string, Declared>
  /** The names of the package that the visible part of a declaration mentions. */
  mentions(node: ts.Node): ReadonlySet<string>
}

/** Reads the public declarations of src. */
export function readDeclarations(): Declarations {
  const entries = { pythreads: 'src/index.ts', 'pythreads/arrow': 'src/arrow.ts' } as const
  const { program, checker } = compile(Object.values(entries))
  const declared = new Map<string, Declared>()
  const todo: (readonly [ts.Symbol, Declared['from']])[] = []
  for (const [from, path] of Object.entries(entries)) {
    const file = program.getSourceFile(join(root, path))
    const module = file && checker.getSymbolAtLocation(file)
    if (module === undefined) throw new Error(`There are no exports in ${path}`)
    for (const symbol of checker.getExportsOfModule(module))
      todo.push([symbol, from as Declared['from']])
  }
  for (let next = todo.shift(); next !== undefined; next = todo.shift()) {
    const [exported, from] = next
    const symbol =
      exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
    const node = symbol.declarations?.[0]
    if (node === undefined || declared.has(symbol.name)) continue
    if (symbol.name !== exported.name)
      throw new Error(`${exported.name} is exported under another name than its own`)
    const texts = textsOf(node, checker)
    declared.set(symbol.name, { name: symbol.name, node, from, texts })
    if (texts !== undefined) continue
    for (const other of mentionedSymbols(node, checker)) todo.push([other, undefined])
  }
  return {
    declared,
    mentions: (node) => new Set(mentionedSymbols(node, checker).map(({ name }) => name)),
  }
}

/** The types of src that the visible part of a declaration mentions. */
function mentionedSymbols(node: ts.Node, checker: ts.TypeChecker): ts.Symbol[] {
  const found: ts.Symbol[] = []
  const visit = (part: ts.Node): void => {
    if (isHidden(part) || ts.isBlock(part)) return
    const name = ts.isTypeReferenceNode(part)
      ? part.typeName
      : ts.isTypeQueryNode(part)
        ? part.exprName
        : ts.isExpressionWithTypeArguments(part)
          ? part.expression
          : undefined
    const symbol = name && checker.getSymbolAtLocation(name)
    const target =
      symbol && symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    const at = target?.declarations?.[0]
    if (
      target &&
      at &&
      !ts.isTypeParameterDeclaration(at) &&
      at.getSourceFile().fileName.startsWith(join(root, 'src'))
    ) {
      found.push(target)
    }
    if (ts.isParameter(part) || ts.isPropertyDeclaration(part) || ts.isVariableDeclaration(part)) {
      if (part.type) visit(part.type)
      return
    }
    ts.forEachChild(part, visit)
  }
  visit(node)
  return found
}

/** The texts of `LIST` in `type X = (typeof LIST)[number]`. */
function textsOf(node: ts.Node, checker: ts.TypeChecker): string[] | undefined {
  const type =
    ts.isTypeAliasDeclaration(node) && ts.isIndexedAccessTypeNode(node.type)
      ? node.type.objectType
      : undefined
  const query = type && ts.isParenthesizedTypeNode(type) ? type.type : type
  const symbol =
    query && ts.isTypeQueryNode(query) ? checker.getSymbolAtLocation(query.exprName) : undefined
  const list = symbol?.valueDeclaration
  if (list === undefined || !ts.isVariableDeclaration(list) || list.initializer === undefined)
    return undefined
  const array = ts.isAsExpression(list.initializer) ? list.initializer.expression : list.initializer
  return ts.isArrayLiteralExpression(array)
    ? array.elements.map((element) => element.getText())
    : undefined
}

/** Whether a member is no part of the public surface. */
export function isHidden(node: ts.Node): boolean {
  if (ts.isClassStaticBlockDeclaration(node)) return true
  if (ts.isClassElement(node) && node.name !== undefined && ts.isPrivateIdentifier(node.name))
    return true
  const modifiers = ts.canHaveModifiers(node) ? (ts.getModifiers(node) ?? []) : []
  if (
    modifiers.some(
      ({ kind }) =>
        kind === ts.SyntaxKind.PrivateKeyword || kind === ts.SyntaxKind.ProtectedKeyword,
    )
  )
    return true
  return ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal')
}

/** The program of the entries. Only syntax and names count, so the libraries are left out. */
function compile(paths: readonly string[]): { program: ts.Program; checker: ts.TypeChecker } {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    allowImportingTsExtensions: true,
    noEmit: true,
    noLib: true,
    types: [],
  }
  const host = ts.createCompilerHost(options)
  host.resolveModuleNameLiterals = (literals, from) =>
    literals.map(({ text }) => {
      const resolvedFileName = join(dirname(from), text)
      return {
        resolvedModule: text.startsWith('.') ? { resolvedFileName, extension: '.ts' } : undefined,
      }
    })
  const program = ts.createProgram({
    rootNames: paths.map((path) => join(root, path)),
    options,
    host,
  })
  return { program, checker: program.getTypeChecker() }
}

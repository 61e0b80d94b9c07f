import { type Declared, ts } from './declarations.ts'

/** How wide a signature is before its parts go to lines of their own. */
const WIDTH = 96

/** The text of a type, or of another part, on one line. */
export function oneLine(node: ts.Node): string {
  if (ts.isTypeLiteralNode(node)) return `{ ${node.members.map(signatureOf).join('; ')} }`
  if (ts.isIntersectionTypeNode(node)) return node.types.map(oneLine).join(' & ')
  return node
    .getText()
    .replace(/\/\*.*?\*\/|\/\/[^\n]*/gs, '')
    .replace(/\s+/g, ' ')
    .replace(/([([<]) ?(?:\| )?/g, '$1')
    .replace(/ ([)\]>])(?!=)/g, (all, close: string) => (close === '>' ? all : close))
    .replace(/^\| /, '')
}

/** A member of a class or an interface, a function, or an index signature. */
export function signatureOf(node: ts.Declaration): string {
  if (ts.isPropertySignature(node) || ts.isPropertyDeclaration(node)) {
    const optional = node.questionToken !== undefined
    const head = `${staticOf(node)}${readonlyOf(node)}${nameOf(node)}${optional ? '?' : ''}`
    const flat = node.type === undefined ? head : `${head}: ${typeText(node.type, optional)}`
    return flat.length <= WIDTH || node.type === undefined ? flat : broken(`${head}: `, node.type)
  }
  if (ts.isGetAccessor(node))
    return `${staticOf(node)}readonly ${nameOf(node)}: ${node.type ? oneLine(node.type) : 'unknown'}`
  if (ts.isIndexSignatureDeclaration(node)) return oneLine(node)
  if (ts.isFunctionLike(node)) {
    const prefix = ts.isFunctionDeclaration(node) ? 'function ' : staticOf(node)
    const name = ts.isConstructorDeclaration(node) ? `new ${nameOf(node.parent)}` : nameOf(node)
    const result = node.type === undefined ? '' : `: ${oneLine(node.type)}`
    return call(prefix + name + typeParameters(node), node.parameters.map(parameter), result)
  }
  throw new Error(`There is no signature for ${ts.SyntaxKind[node.kind]}`)
}

/** The declaration of a type, a class or a constant, without what a class has in it. */
export function declarationOf({ node, texts }: Declared): string {
  if (texts !== undefined) return `type ${nameOf(node)} =\n${filled(texts, '  | ')}`
  if (ts.isClassDeclaration(node))
    return `class ${nameOf(node)}${typeParameters(node)}${heritage(node)}`
  if (ts.isInterfaceDeclaration(node)) {
    const members = node.members.map((member) => signatureOf(member).replace(/^/gm, '  '))
    return `interface ${nameOf(node)}${typeParameters(node)}${heritage(node)} {\n${members.join('\n')}\n}`
  }
  if (ts.isTypeAliasDeclaration(node))
    return alias(`type ${nameOf(node)}${typeParameters(node)}`, node.type)
  if (ts.isVariableDeclaration(node))
    return `const ${nameOf(node)}${node.type === undefined ? '' : `: ${oneLine(node.type)}`}`
  return signatureOf(node)
}

export function nameOf(node: ts.Node): string {
  const name = ts.getNameOfDeclaration(node as ts.Declaration)
  return name === undefined ? '' : name.getText()
}

function parameter(node: ts.ParameterDeclaration): string {
  const optional = node.questionToken !== undefined || node.initializer !== undefined
  const type = node.type === undefined ? '' : `: ${typeText(node.type, optional)}`
  return `${node.dotDotDotToken === undefined ? '' : '...'}${node.name.getText()}${optional ? '?' : ''}${type}`
}

/** What is optional may be `undefined` in any case. */
function typeText(type: ts.TypeNode, optional: boolean): string {
  const text = oneLine(type)
  return optional
    ? text.replace(/ \| undefined$/, '').replace(/^\(([^()]*\([^()]*\) => \w+)\)$/, '$1')
    : text
}

function call(head: string, parameters: readonly string[], result: string): string {
  const flat = `${head}(${parameters.join(', ')})${result}`
  return flat.length <= WIDTH
    ? flat
    : `${head}(\n${parameters.map((text) => `  ${text},\n`).join('')})${result}`
}

/** A type whose objects have a line for each member. */
function broken(head: string, type: ts.TypeNode): string {
  if (ts.isIntersectionTypeNode(type))
    return head + type.types.map((part) => broken('', part)).join(' & ')
  if (!ts.isTypeLiteralNode(type)) return head + oneLine(type)
  return `${head}{\n${type.members.map((member) => signatureOf(member).replace(/^/gm, '  ')).join('\n')}\n}`
}

function alias(head: string, type: ts.TypeNode): string {
  const flat = `${head} = ${oneLine(type)}`
  if (flat.length <= WIDTH) return flat
  if (ts.isUnionTypeNode(type)) return `${head} =\n${filled(operands(type), '  | ')}`
  if (ts.isIntersectionTypeNode(type))
    return `${head} =${type.types.map((part) => `\n  & ${oneLine(part)}`).join('')}`
  if (ts.isConditionalTypeNode(type))
    return `${head} =\n  ${oneLine(type).replace(/ ([?:]) /g, '\n    $1 ')}`
  return flat
}

/** The members of a union, and of unions in it. */
function operands(type: ts.TypeNode): string[] {
  if (ts.isParenthesizedTypeNode(type) && ts.isUnionTypeNode(type.type)) return operands(type.type)
  return ts.isUnionTypeNode(type) ? type.types.flatMap(operands) : [oneLine(type)]
}

/** Members of a union in lines, each with the sign at its beginning. */
function filled(parts: readonly string[], sign: string): string {
  const lines: string[] = []
  for (const part of parts) {
    const last = lines.at(-1)
    if (last === undefined || last.length + 3 + part.length > WIDTH) lines.push(sign + part)
    else lines[lines.length - 1] = `${last} | ${part}`
  }
  return lines.join('\n')
}

function typeParameters(node: {
  readonly typeParameters?: ts.NodeArray<ts.TypeParameterDeclaration> | undefined
}): string {
  return node.typeParameters === undefined ? '' : `<${node.typeParameters.map(oneLine).join(', ')}>`
}

function heritage(node: ts.ClassDeclaration | ts.InterfaceDeclaration): string {
  return (node.heritageClauses ?? []).map((clause) => ` ${oneLine(clause)}`).join('')
}

function staticOf(node: ts.Declaration): string {
  return ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Static ? 'static ' : ''
}

function readonlyOf(node: ts.Declaration): string {
  return ts.getCombinedModifierFlags(node) & ts.ModifierFlags.Readonly ? 'readonly ' : ''
}

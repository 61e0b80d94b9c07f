/**
 * The kernel as it is packed: without comments and docstrings. A failure here: a text in the source
 * that looks like a comment to scripts/strip-python.js, or the other way round.
 */
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { stripPython } from '../../scripts/strip-python.js'
import { pythons } from '../support/pythons.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Prints the modules whose packed form is another program, or names other lines. */
const PROGRAM = `
import ast, sys
from pathlib import Path

def program(path):
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            if isinstance(body[0].value, ast.Constant) and isinstance(body[0].value.value, str):
                del body[0]
    return ast.dump(tree, include_attributes=False), [
        node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)
    ]

sources, packed = map(Path, sys.argv[1:])
for path in sources.glob("*.py"):
    if program(path) != program(packed / path.name):
        print(path.name)
`

it('is the same program as its source, line by line', () => {
  const dist = join(root, 'dist')
  const kernel = readdirSync(dist).find((name) => name.startsWith('kernel-')) ?? ''
  const folders = [join(root, 'kernel'), join(dist, kernel)]
  const args = folders.map((folder) => join(folder, 'pythreads_kernel'))
  const python = pythons[0]?.executable ?? 'python3'
  expect(execFileSync(python, ['-c', PROGRAM, ...args], { encoding: 'utf8' })).toBe('')
})

it('has no comments and no docstrings', () => {
  const source = [
    '"""A module."""',
    'x = "# no comment"  # a comment',
    "y = '\\'# neither'",
    'def f():',
    '    """Of two',
    '    lines."""',
    '    return """kept # too"""',
    '',
  ]
  const stripped = [
    "''",
    'x = "# no comment"',
    "y = '\\'# neither'",
    'def f():',
    "    ''",
    '',
    '    return """kept # too"""',
    '',
  ]
  expect(stripPython(source.join('\n'))).toBe(stripped.join('\n'))
})

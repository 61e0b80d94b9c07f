/**
 * Why: rooms that import each other freely can only be read all at once. `scripts/floors.js` says
 * which room may import which, so it must find each import that breaks the rule, and no other.
 */
import { describe, expect, it } from 'vitest'
import { complaints, FLOORS, importsOf, kernelComplaints } from '../../scripts/floors.js'

/** Files of a project without a complaint: one imports the other in each way that is allowed. */
const ALLOWED = {
  'errors/index.ts': "export { PythonError } from './python-error.ts'",
  'errors/python-error.ts': "import { inspect } from 'node:util'",
  'wire/index.ts': "import type { PythonError } from '../errors/index.ts'",
  'native/libc.ts': "import koffi from 'koffi'\nimport { own } from '../own.ts'",
  'own.ts': '',
  'pool/pool.ts': "const { KIND } = await import('../wire/index.ts')",
  'index.ts': "export { PythonError } from './errors/index.ts'\nimport './pool/index.ts'",
  'cli/main.ts': "import { run } from './commands/run.ts'\nimport 'node:fs'",
  'cli/commands/run.ts': "import { PythonError } from '../../index.ts'",
  'cli/commands/doctor.ts': "import { find } from '../../discovery/index.ts'",
}

describe('the floors of src', () => {
  it('accept a project that imports downwards only', () => {
    expect(complaints(ALLOWED)).toEqual([])
  })

  it.each([
    [
      'a room above',
      'wire/frames.ts',
      "import { Pool } from '../pool/index.ts'",
      'wire stands below',
    ],
    [
      'a room above, by a type',
      'wire/frames.ts',
      "import type { Pool } from '../pool/index.ts'",
      'wire',
    ],
    [
      'a room above, by a type in place',
      'wire/a.ts',
      "type A = import('../pool/index.ts').A",
      'wire',
    ],
    ['a room above, when it runs', 'wire/a.ts', "await import('../pool/index.ts')", 'wire'],
    ['a room above, for its effect', 'wire/a.ts', "import '../pool/index.ts'", 'wire'],
    [
      'a file of another room',
      'pool/a.ts',
      "import { KIND } from '../wire/frames.ts'",
      'src/wire/index.ts',
    ],
    [
      'a file of src from a room below it',
      'pool/a.ts',
      "import { Python } from '../python.ts'",
      'pool',
    ],
    ['koffi outside native', 'memory/a.ts', "import koffi from 'koffi'", 'koffi'],
    [
      'a room in the command line',
      'cli/main.ts',
      "import { KIND } from '../wire/index.ts'",
      'command line',
    ],
    [
      'a file of src in the command line',
      'cli/a.ts',
      "import { Python } from '../python.ts'",
      'command line',
    ],
    ['nothing, from a room without a floor', 'attic/a.ts', '', 'attic'],
  ])('refuse an import of %s', (_, file, source, part) => {
    const found = complaints({ ...ALLOWED, [file]: `// a comment\n${source}` })
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(`src/${file}`)
    expect(found[0]).toContain(part)
  })

  it.each([
    ['values', "import { b } from './b.ts'"],
    ['types', "import type { B } from './b.ts'"],
  ])('refuse a circle of files by %s, and name its files', (_, source) => {
    const files = {
      'pool/a.ts': source,
      'pool/b.ts': "export { c } from './c.ts'",
      'pool/c.ts': "import type { A } from './a.ts'",
    }
    expect(complaints({ ...ALLOWED, ...files })).toEqual([
      'these files import each other in a circle: pool/a.ts -> pool/b.ts -> pool/c.ts -> pool/a.ts',
    ])
  })

  it('name the line of an import, also of one that takes several lines', () => {
    expect(importsOf("\nimport {\n  a,\n  b,\n} from './a.ts'\n")).toEqual([
      { line: 5, text: './a.ts' },
    ])
  })

  it('have each room once', () => {
    expect(new Set(FLOORS).size).toBe(FLOORS.length)
  })
})

describe('the modules of the kernel', () => {
  const below = { 'frames.py': 'import os\nfrom io import FileIO\n', 'plain.py': '' }

  it('may import each other in one direction, in any way', () => {
    const files = {
      ...below,
      'encode.py': 'from . import frames, plain\n\ndef f():\n    from .plain import a\n',
      'serve.py': 'from . import (\n    encode,  # from . import serve\n    frames as f,\n)\n',
    }
    expect(kernelComplaints(files)).toEqual([])
  })

  it.each([
    ['at the top', 'from .b import f\n'],
    ['by a name of the package', 'from . import frames, b\n'],
    ['by names on several lines', 'from . import (\n    frames,\n    b,\n)\n'],
    ['for types', 'if TYPE_CHECKING:\n    from typing import Any\n\n    from .b import B\n'],
    ['within a function', 'class A:\n    def f(self):\n        from .b import f\n'],
  ])('must not import each other in a circle %s', (_, source) => {
    const files = { ...below, 'a.py': source, 'b.py': 'from .a import f\n' }
    expect(kernelComplaints(files)).toEqual([
      'these modules of the kernel import each other in a circle: a.py -> b.py -> a.py',
    ])
  })
})

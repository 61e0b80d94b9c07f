/**
 * Why: what is asked for may stand in an option or in four kinds of files. Two that ask for the
 * same must share an environment, and whatever changes what is installed must change its key.
 */
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { keyOf } from '../../src/environments/key.ts'
import { lockOf, lockText } from '../../src/environments/locked-requirements.ts'
import { scriptNeeds } from '../../src/environments/script-metadata.ts'
import { specify } from '../../src/environments/specification.ts'
import { refusal } from '../support/outcome.ts'
import { Places } from '../support/places.ts'

const places = new Places()
afterAll(() => places[Symbol.dispose]())

const ENVIRONMENT = 'ERR_PYTHREADS_ENVIRONMENT'
const at = (name: string) => specify(name, places.root)

describe('requirements in an array', () => {
  it('ask for the same in any order, with spaces around them, and twice', () => {
    const one = specify(['numpy>=2', 'pandas'])
    expect(specify([' pandas', 'numpy>=2', 'pandas ']).digest).toBe(one.digest)
    expect(specify(['numpy>=2.1', 'pandas']).digest).not.toBe(one.digest)
    expect(specify([]).requirements).toEqual([])
  })

  it.each(['-r other.txt', '--index-url=http://127.0.0.1', './local', 'a\nb'])(
    'are refused when one would be an option or a path: %j',
    async (text) => {
      expect((await refusal(() => specify([text]))).code).toBe(ENVIRONMENT)
    },
  )
})

describe('a requirements.txt', () => {
  it('asks for its lines, and for those of the files that it includes', () => {
    places.file('nested/base.txt', 'numpy>=2 # arrays\n\n-r base.txt\n')
    places.file('requirements.txt', '-r nested/base.txt\npandas \\\n  >=2\n# none\n')
    const { requirements, digest, isLocked } = at('requirements.txt')
    expect(requirements).toEqual(['-r nested/base.txt', 'numpy>=2', '-r base.txt', 'pandas >=2'])
    expect(isLocked).toBe(false)
    places.file('nested/base.txt', 'numpy>=2.1\n')
    expect(at('requirements.txt').digest).not.toBe(digest)
  })

  it('does not change with its comments', () => {
    places.file('a.txt', 'numpy\n')
    places.file('b.txt', '# arrays\r\nnumpy   # needed\r\n')
    expect(at('a.txt').digest).toBe(at('b.txt').digest)
  })

  it('is locked when each requirement has hashes', () => {
    places.file('locked.txt', 'numpy==2.3.0 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n')
    places.file('half.txt', 'numpy==2.3.0 --hash=sha256:aa\npandas==2\n')
    expect(at('locked.txt').isLocked).toBe(true)
    expect(at('half.txt').isLocked).toBe(false)
  })

  it.each(['missing.txt', 'numpy', 'includes.txt'])(
    'is refused when %s is not there',
    async (n) => {
      places.file('includes.txt', '-c gone.txt\n')
      expect((await refusal(() => at(n))).code).toBe(ENVIRONMENT)
    },
  )
})

describe('a pyproject.toml', () => {
  it('asks for the dependencies and the Python of its project', () => {
    places.file(
      'pyproject.toml',
      '[project]\nname = "x"\nrequires-python = ">=3.11"\ndependencies = [\n  "numpy>=2", # arrays\n  "pandas",\n]\n[tool.ruff]\n',
    )
    const { requirements, requiresPython, lockFile, digest } = at('pyproject.toml')
    expect(requirements).toEqual(['numpy>=2', 'pandas'])
    expect(requiresPython).toBe('>=3.11')
    expect(lockFile).toBe(places.path('pythreads.lock'))
    expect(digest).toBe(specify(['pandas', 'numpy>=2']).digest)
  })

  it.each([
    ['no project', '[tool.poetry.dependencies]\nnumpy = "2"\n'],
    ['dynamic dependencies', '[project]\nname = "x"\ndynamic = ["dependencies"]\n'],
    ['sources that only uv knows', '[project]\nname="x"\n[tool.uv.sources]\na = { path = "a" }\n'],
    ['dependencies that are no texts', '[project]\nname = "x"\ndependencies = [5]\n'],
    ['text that is no TOML', '[project\n'],
  ])('is refused when it has %s', async (_, text) => {
    places.file('refused/pyproject.toml', text)
    expect((await refusal(() => at('refused/pyproject.toml'))).code).toBe(ENVIRONMENT)
  })
})

const BLOCK =
  '# /// script\n# requires-python = ">=3.11"\n# dependencies = [\n#   "numpy",\n# ]\n# ///\n'

describe('a file of Python', () => {
  it.each([
    ['lines of Unix', BLOCK],
    ['lines of Windows', BLOCK.replaceAll('\n', '\r\n')],
    ['code around it', `#!/usr/bin/env python\n\n${BLOCK}import numpy\n# ///\n`],
    ['blocks of other types', `# /// other\n# a = 1\n# ///\n\n${BLOCK}`],
  ])('asks for what its block says, with %s', (_, text) => {
    expect(scriptNeeds(text, 'x.py')).toEqual({
      requirements: ['numpy'],
      requiresPython: '>=3.11',
    })
  })

  it('asks for nothing without a whole block', () => {
    expect(scriptNeeds('import numpy\n', 'x.py')).toBeUndefined()
    expect(scriptNeeds('# /// script\n# dependencies = ["a"]\nimport a\n', 'x.py')).toBeUndefined()
  })

  it('is refused with two blocks, a block that is not valid, or none', async () => {
    for (const text of [`${BLOCK}\n${BLOCK}`, '# /// script\n# dependencies = [\n# ///\n', '']) {
      places.file('script.py', text)
      expect((await refusal(() => at('script.py'))).code).toBe(ENVIRONMENT)
    }
  })

  it('has its lock file beside it', () => {
    places.file('rules.py', BLOCK)
    expect(at('rules.py').lockFile).toBe(places.path('rules.pythreads.lock'))
  })
})

describe('a lock file', () => {
  it('fits what it was made of, and is stale for everything else', () => {
    places.file('package.json', '{}')
    const asked = (...list: string[]) => specify(list, places.root, undefined)
    expect(lockOf(asked('numpy'))).toEqual({ state: 'none' })
    places.file('pythreads.lock', lockText(asked('numpy'), 'numpy==2.0 --hash=sha256:aa\n'))
    expect(lockOf(asked('numpy'))).toMatchObject({
      state: 'fits',
      lock: { isLocked: true, file: places.path('pythreads.lock') },
    })
    expect(lockOf(asked('numpy', 'pandas'))).toEqual({ state: 'stale' })
  })

  it('is looked for in the folder of the program, then here, and in the folders above', () => {
    places.file('app/package.json', '{}')
    places.file('app/pythreads.lock', '')
    const main = places.file('app/src/main.js', '')
    const { lockFile } = specify(['numpy'], '/', main)
    expect(lockFile).toBe(places.path('app/pythreads.lock'))
    expect(specify(['numpy'], places.folder('empty'), undefined).lockFile).toMatch(/\.lock$/)
  })

  it('of another kind of file is read by its name', () => {
    places.file('pylock.toml', 'lock-version = "1.0"\n')
    expect(at('pylock.toml')).toMatchObject({ isLocked: true, needsUv: true })
  })
})

describe('the key of an environment', () => {
  const facts = {
    ...{ executable: '/a/bin/python', release: '3.13.0', prefix: '/a', basePrefix: '/a' },
    ...{ libpython: null, libpythonName: '', freeThreaded: false, ctypes: true, debian: false },
    version: [3, 13, 0],
  } as const

  it('changes with the Python and with what is asked for', () => {
    const keys = [
      keyOf(facts, 'a'),
      keyOf(facts, 'b'),
      keyOf({ ...facts, release: '3.13.1' }, 'a'),
      keyOf({ ...facts, freeThreaded: true }, 'a'),
      keyOf({ ...facts, basePrefix: '/b' }, 'a'),
    ]
    expect(new Set(keys).size).toBe(keys.length)
  })

  it('is the same for a virtual environment of that Python', () => {
    expect(keyOf({ ...facts, executable: '/v/bin/python', prefix: '/v' }, 'a')).toBe(
      keyOf(facts, 'a'),
    )
    expect(join('/', keyOf(facts, 'a'))).toMatch(/^\/[0-9a-f]{20}$/)
  })
})

/**
 * Texts and comments of Python, in the order in which they are looked for: a text in three quotes,
 * a text in one, a comment. The kernel has no f-strings with quotes of their own kind within.
 */
const TOKEN = /("""|''')(?:\\[\s\S]|(?!\1)[\s\S])*\1|(["'])(?:\\[\s\S]|(?!\2)[^\\\n])*\2|#.*/g

/**
 * Removes comments and docstrings from Python source. Each line keeps its number, so tracebacks
 * name the lines of the repository.
 */
export function stripPython(source) {
  const stripped = source.replace(TOKEN, (token, _long, _short, at) => {
    if (token.startsWith('#')) return ''
    const before = source.slice(source.lastIndexOf('\n', at - 1) + 1, at)
    const isStatement = before.trim() === '' && source[at + token.length] === '\n'
    // A body may consist of its docstring.
    return isStatement && token.startsWith('"""')
      ? `''${'\n'.repeat(token.split('\n').length - 1)}`
      : token
  })
  return stripped.replace(/[ \t]+$/gm, '')
}

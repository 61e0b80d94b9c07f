/**
 * A copy of the properties that an object has itself, for whoever reads others, too: what it does
 * not have is undefined, even where some package has changed `Object.prototype`. Node's functions
 * read their options, and the environment of a child, with all that these inherit.
 */
export function own<T extends object>(object: T): T {
  return { __proto__: null, ...object } as T
}

/**
 * The variables of an environment, to look them up by name: by one in capitals on Windows, where
 * `process.env` minds no case.
 */
export function ownVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (process.platform !== 'win32') return own(env)
  return own(
    Object.fromEntries(Object.entries(env).map(([name, value]) => [name.toUpperCase(), value])),
  )
}

import { createRequire } from 'node:module'

interface Builtins {
  'node:crypto': typeof import('node:crypto')
  'node:http': typeof import('node:http')
  'node:https': typeof import('node:https')
  'node:stream': typeof import('node:stream')
  'node:tls': typeof import('node:tls')
  'node:zlib': typeof import('node:zlib')
}

/**
 * Loads a module of Node when it is used. The library is one file, so an import would load it in
 * each program, which takes milliseconds for these.
 */
export function builtin<N extends keyof Builtins>(name: N): Builtins[N] {
  const { getBuiltinModule } = process as {
    getBuiltinModule?: (name: string) => unknown
  }
  // Node 20.16 and newer have the first; any path will do for the second.
  return (getBuiltinModule?.(name) ?? createRequire(process.execPath)(name)) as Builtins[N]
}

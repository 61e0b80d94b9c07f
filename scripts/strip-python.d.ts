/** Removes comments and docstrings from Python source, and keeps the numbers of its lines. */
export function stripPython(source: string): string

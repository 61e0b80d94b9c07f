/** The rooms of `src/`, from the lowest to the highest. */
export const FLOORS: readonly string[]
export function importsOf(source: string): { line: number; text: string }[]
export function complaints(files: Readonly<Record<string, string>>): string[]
export function kernelComplaints(files: Readonly<Record<string, string>>): string[]

// Writes docs/api from the comments in src: `npm run docs`.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { makeReference } from './reference.ts'

const folder = new URL('../../docs/api/', import.meta.url)
const { files, faults } = makeReference()
mkdirSync(folder, { recursive: true })
for (const name of readdirSync(folder)) if (!files.has(name)) rmSync(new URL(name, folder))
for (const [name, text] of files) writeFileSync(new URL(name, folder), text)
console.log(`${files.size} files in ${fileURLToPath(folder)}`)
for (const fault of faults) console.error(fault)
if (faults.length > 0) process.exitCode = 1

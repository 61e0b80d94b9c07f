import { defineConfig } from 'vitest/config'
import { projects, RUN } from './test/support/projects.ts'

export default defineConfig({ test: { ...RUN, projects } })

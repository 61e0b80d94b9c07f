import { defineConfig } from 'vitest/config'
import { apiProjects, RUN } from '../support/projects.ts'

export default defineConfig({ test: { ...RUN, projects: apiProjects } })

// Tests of the pure pieces of both apps; the screens themselves are driven in real windows by the journeys.
import { defineConfig } from 'vitest/config'
import vue from '@vitejs/plugin-vue'
import { alias, define } from './vite.shared.ts'

export default defineConfig({
  resolve: { alias },
  define,
  plugins: [vue()],
  // A machine that builds beside the tests is slow, not wrong: what hangs is still found.
  test: { include: ['tests/**/*.test.ts'], environment: 'node', testTimeout: 30_000 },
})

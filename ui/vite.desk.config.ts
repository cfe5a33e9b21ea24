// Builds the supervisor's console into dist/desk, which the sync server carries inside its binary.
import { defineConfig } from 'vite'
import vue from '@vitejs/plugin-vue'
import Components from 'unplugin-vue-components/vite'
import { ElementPlusResolver } from 'unplugin-vue-components/resolvers'
import { alias, define, inside, target } from './vite.shared.ts'

export default defineConfig({
  root: inside('src/desk'),
  base: '/',
  resolve: { alias },
  define,
  plugins: [vue(), Components({ dts: false, dirs: [], resolvers: [ElementPlusResolver()] })],
  server: {
    host: '127.0.0.1',
    port: 1430,
    strictPort: true,
    proxy: { '/desk/api': process.env.DOORSTEP_SERVER ?? 'http://127.0.0.1:8610' },
  },
  build: { outDir: inside('dist/desk'), emptyOutDir: true, target, modulePreload: { polyfill: false } },
})

// Builds the worker's app into dist/field, which the Tauri window and the local host of the commands serve.
import { defineConfig, type Plugin } from 'vite'
import vue from '@vitejs/plugin-vue'
import Components from 'unplugin-vue-components/vite'
import { VantResolver } from '@vant/auto-import-resolver'
import { alias, define, inside, target } from './vite.shared.ts'

/** The component library's icon font stays out: the app draws its own icons, and the font's style sheet names a remote address. */
const noIconFont: Plugin = {
  name: 'no-icon-font',
  enforce: 'pre',
  load: (id) => (/vant[\\/]es[\\/]icon[\\/]index\.css/.test(id) ? '' : null),
}

export default defineConfig({
  root: inside('src/field'),
  base: './',
  resolve: { alias },
  define,
  plugins: [noIconFont, vue(), Components({ dts: false, dirs: [], resolvers: [VantResolver()] })],
  server: {
    host: '127.0.0.1',
    port: 1420,
    strictPort: true,
    // In a plain browser the commands are answered by the local host of the device (`device-host`).
    proxy: { '/call': process.env.DOORSTEP_DEVICE_HOST ?? 'http://127.0.0.1:8620' },
  },
  build: { outDir: inside('dist/field'), emptyOutDir: true, target, modulePreload: { polyfill: false } },
})

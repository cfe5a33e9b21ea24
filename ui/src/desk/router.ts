// The pages of the desk as routes. Their addresses stand behind `#`, so that the server needs to know none of them.
import { createRouter, createWebHashHistory } from 'vue-router'
import { pages } from './pages'

/** The router. */
export const router = createRouter({
  history: createWebHashHistory('/'),
  routes: [
    ...pages.map(({ path, name, load }) => ({ path, name, component: load })),
    { path: '/:other(.*)*', redirect: { path: '/' } },
  ],
})

// The pages of the desk. Their addresses stand behind `#`, so that the server needs to know none of them.
import { createRouter, createWebHashHistory } from 'vue-router'
import InboxPage from './inbox/InboxPage.vue'

/** The router. */
export const router = createRouter({
  history: createWebHashHistory('/'),
  routes: [
    { path: '/', name: 'inbox', component: InboxPage },
    { path: '/devices', name: 'devices', component: () => import('./devices/DevicesPage.vue') },
    { path: '/:other(.*)*', redirect: { name: 'inbox' } },
  ],
})
